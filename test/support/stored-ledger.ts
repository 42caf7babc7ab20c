/** What the ledger's tables hold of one holding or commission, for comparing with answers. */
import type { Stack } from './stack.js';

/** Names a holding, as provisions do. */
export interface HoldingName {
  readonly holder: string;
  readonly source?: string | null | undefined;
  readonly resource: string;
}

/** Returns the lowest and the highest usage of a holding; throws when there is not exactly one. */
export async function intervalOf(
  { database }: Pick<Stack, 'database'>,
  { holder, source, resource }: HoldingName,
): Promise<readonly [usageMin: bigint, usageMax: bigint]> {
  const rows = await database.query<{ usage_min: string; usage_max: string }>(
    `select usage_min, usage_max from holdings
      where holder = $1 and source is not distinct from $2 and resource = $3`,
    [holder, source ?? null, resource],
  );
  const [row] = rows;
  if (row === undefined || rows.length > 1)
    throw new Error(`${rows.length} holdings of ${resource} for ${holder}`);
  return [BigInt(row.usage_min), BigInt(row.usage_max)];
}

/** One provision of a settled commission. */
export interface LoggedProvision {
  readonly holder: string;
  readonly resource: string;
  readonly usage_min: number;
  readonly usage_max: number;
  readonly delta_quantity: number;
  readonly reason: string;
}

/** Returns the log of a settled commission, by resource; small numbers only. */
export async function loggedOf(
  { database }: Pick<Stack, 'database'>,
  serial: bigint,
): Promise<readonly LoggedProvision[]> {
  return database.query<LoggedProvision & Record<string, unknown>>(
    `select holder, resource, usage_min::int, usage_max::int, delta_quantity::int, reason
       from provision_log where serial = $1 order by resource`,
    [serial],
  );
}
