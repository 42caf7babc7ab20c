import { randomBytes, scrypt, type ScryptOptions, timingSafeEqual } from 'node:crypto';

/** Cost of one guess: 32 MiB and some 70 ms of one core. */
const COST: ScryptOptions = { N: 32_768, r: 8, p: 1, maxmem: 64 * 1024 * 1024 };

const SALT_BYTES = 16;
const KEY_BYTES = 32;

/** Names the way of hashing, so that another one can follow. */
const SCHEME = `scrypt-${COST.N ?? 0}-${COST.r ?? 0}-${COST.p ?? 0}`;

/** Returns what is stored of a password: scheme, salt and key. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const key = await derive(password, salt);
  return [SCHEME, salt.toString('base64url'), key.toString('base64url')].join('$');
}

/** Whether a password is the one that was stored; false for a scheme that is not known any more. */
export async function isPassword(password: string, stored: string): Promise<boolean> {
  const [scheme, salt, key] = stored.split('$');
  if (scheme !== SCHEME || salt === undefined || key === undefined) return false;
  const expected = Buffer.from(key, 'base64url');
  const derived = await derive(password, Buffer.from(salt, 'base64url'));
  return expected.length === derived.length && timingSafeEqual(expected, derived);
}

function derive(password: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFKC'), salt, KEY_BYTES, COST, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}
