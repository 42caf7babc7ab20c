/** A certificate for 127.0.0.1 that no authority signed; its key is public and guards nothing. */
import { readFileSync } from 'node:fs';

const read = (file: string) => readFileSync(new URL(file, import.meta.url), 'utf8');

/** Both as PEM text; the certificate is its own authority. */
export const SELF_SIGNED = { key: read('self-signed.key.pem'), cert: read('self-signed.cert.pem') };
