import { invalid } from '../../kernel/failure.js';
import { type JsonObject, type JsonValue, member } from '../../rpc/json.js';

/** Returns the one recognized key of a body with its value, null included (7.7). */
export function onlyKey<Key extends string>(
  body: JsonObject,
  keys: readonly Key[],
): readonly [Key, JsonValue] {
  const found = keys.flatMap((key) => {
    const value = member(body, key);
    return value === undefined ? [] : [[key, value] as const];
  });
  const [only, ...others] = found;
  if (only === undefined) throw invalid('No recognized action');
  if (others.length > 0) throw invalid('Multiple actions not supported');
  return only;
}
