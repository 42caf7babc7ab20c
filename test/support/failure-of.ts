import { inspect } from 'node:util';

/** Returns the error that work ends with; throws when it succeeds. */
export async function failureOf(work: Promise<unknown> | (() => Promise<unknown>)): Promise<Error> {
  const error: unknown = await (typeof work === 'function' ? (async () => work())() : work).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof Error) return error;
  throw new Error(error === undefined ? 'It did not fail' : `It failed with ${inspect(error)}`);
}
