import { isArray, JsonDecimal, type JsonValue } from '../../rpc/json.js';

/** Longer texts are cut in messages; callers know what they sent. */
const LONGEST = 200;

/** Returns a value as messages of a 400 show it: `'text'`, `None`, `{'key': 1}`; cut when long. */
export function pythonText(value: JsonValue): string {
  const text = printed(value, LONGEST);
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST).toWellFormed()}...`;
}

/** @param room - about how many characters are wanted at most; what lies beyond is left out. */
function printed(value: JsonValue, room: number): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'string') return quoted(value.slice(0, room + 1));
  if (value instanceof JsonDecimal) return value.text;
  if (typeof value === 'bigint') return String(value);
  if (isArray(value)) return `[${joined(value, room, (entry, left) => printed(entry, left))}]`;
  const members = joined(
    Object.entries(value),
    room,
    ([key, entry], left) => `${quoted(key.slice(0, left + 1))}: ${printed(entry, left)}`,
  );
  return `{${members}}`;
}

function joined<T>(
  entries: readonly T[],
  room: number,
  print: (entry: T, left: number) => string,
): string {
  let text = '';
  for (const entry of entries) {
    if (text.length > room) return `${text}, ...`;
    const printedEntry = print(entry, room - text.length);
    text += text === '' ? printedEntry : `, ${printedEntry}`;
  }
  return text;
}

function quoted(text: string): string {
  const escaped = text
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t')
    .replace(CONTROL, (unit) => `\\x${unit.charCodeAt(0).toString(16).padStart(2, '0')}`);
  return escaped.includes("'") && !escaped.includes('"')
    ? `"${escaped}"`
    : `'${escaped.replaceAll("'", "\\'")}'`;
}

const CONTROL = /\p{Cc}/gu;
