/** A way to Postgres that takes down which statements run, by reading what clients send. */
import { createServer, connect, type AddressInfo, type Socket } from 'node:net';

/** A running tap. */
export interface StatementTap {
  /** The database's URL by way of the tap. */
  readonly url: string;
  /** Returns the statements executed while the work runs, in the order in which they were sent. */
  during(work: () => Promise<unknown>): Promise<readonly string[]>;
  close(): Promise<void>;
}

const QUERY = 'Q';
const PARSE = 'P';
const BIND = 'B';

/** Starts a tap before the database. */
export async function startStatementTap(databaseUrl: string): Promise<StatementTap> {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let statements: string[] = [];
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
    }
    const reader = new MessageReader((statement) => statements.push(statement));
    client.on('data', (bytes: Buffer) => {
      reader.read(bytes);
    });
    client.pipe(upstream).pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(databaseUrl);
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    async during(work) {
      statements = [];
      await work();
      return statements;
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

/** Reads the frontend messages of one connection; they may come in any pieces. */
class MessageReader {
  #rest = Buffer.alloc(0);
  #isStarted = false;
  readonly #prepared = new Map<string, string>();

  constructor(private readonly found: (statement: string) => void) {}

  read(bytes: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    for (;;) {
      // The first message of a connection has no type.
      const typeLength = this.#isStarted ? 1 : 0;
      if (this.#rest.length < typeLength + 4) return;
      const length = typeLength + this.#rest.readUInt32BE(typeLength);
      if (this.#rest.length < length) return;
      if (this.#isStarted)
        this.#take(
          String.fromCharCode(this.#rest[0] ?? 0),
          this.#rest.subarray(typeLength + 4, length),
        );
      this.#isStarted = true;
      this.#rest = this.#rest.subarray(length);
    }
  }

  #take(type: string, body: Buffer): void {
    const [first = '', second = ''] = body.toString('latin1').split('\0', 2);
    if (type === QUERY) this.found(first);
    else if (type === PARSE) this.#prepared.set(first, second);
    // A portal's name comes before the statement's.
    else if (type === BIND) this.found(this.#prepared.get(second) ?? '');
  }
}
