import { ASTAKOS_JSON, astakosText } from '../../identity/index.js';
import type { HttpAnswer } from '../../rpc/http.js';
import { type Writable, writeJson } from '../../rpc/json.js';

/**
 * Returns the answer of a documented list, a bare array. What is written already is bytes, so that a
 * long list costs little more than itself.
 */
export async function bareArray<Entry>(
  reading: { read(visit: (entries: readonly Entry[]) => void): Promise<void> },
  toJson: (entry: Entry) => Writable,
): Promise<HttpAnswer> {
  const pieces: Buffer[] = [];
  await reading.read((entries) => {
    if (entries.length === 0) return;
    const text = entries.map((entry) => writeJson(toJson(entry), ASTAKOS_JSON)).join(', ');
    pieces.push(Buffer.from(pieces.length === 0 ? text : `, ${text}`));
  });
  return astakosText(200, [Buffer.from('['), ...pieces, Buffer.from(']')]);
}
