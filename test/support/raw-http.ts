/** HTTP/1 as bytes, for what no client library would send. */
import { connect } from 'node:net';

/** What came back: the status line, the headers as text, and the body, however long it says it is. */
export interface RawAnswer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/**
 * Sends bytes on a connection of their own and returns everything that comes back, once the other
 * side closes. The last request must therefore say `Connection: close`.
 */
export function exchange(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    const pieces: Buffer[] = [];
    socket.on('data', (piece) => pieces.push(piece));
    socket.on('error', reject);
    socket.on('end', () => {
      resolve(Buffer.concat(pieces).toString('latin1'));
    });
    socket.write(Buffer.from(bytes, 'latin1'));
  });
}

/** Returns a request without a body; header lines are added as they are. */
export function rawRequest(method: string, target: string, ...lines: readonly string[]): string {
  return [`${method} ${target} HTTP/1.1`, 'Host: localhost', ...lines, '', ''].join('\r\n');
}

/** Takes a text of answers apart, each with as many bytes as its Content-Length says. */
export function answersIn(text: string, methods: readonly string[]): readonly RawAnswer[] {
  let rest = text;
  const answers = methods.map((method) => {
    const end = rest.indexOf('\r\n\r\n');
    const head = rest.slice(0, end);
    const status = /^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1];
    if (end < 0 || status === undefined) throw new Error(`This is no answer: ${rest}`);
    const length = method === 'HEAD' ? 0 : Number(/^content-length: (\d+)$/im.exec(head)?.[1]);
    const body = rest.slice(end + 4, end + 4 + length);
    rest = rest.slice(end + 4 + length);
    return { status: Number(status), head, body };
  });
  if (rest !== '') throw new Error(`More came than was asked for: ${rest}`);
  return answers;
}
