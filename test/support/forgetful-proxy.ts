/**
 * A way to Postgres that can lose the answer to a commit: the commit reaches the server, the
 * connection breaks before the client hears of it.
 */
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';

/** A running proxy. */
export interface ForgetfulProxy {
  /** The database's URL by way of the proxy. */
  readonly url: string;
  /** Loses the answer to the next commit, once. */
  loseNextCommit(): void;
  /** How many answers were lost. */
  readonly lost: number;
  close(): Promise<void>;
}

const COMMIT = Buffer.from('commit\0');
const COMMITTED = Buffer.from('COMMIT\0');

/** Starts a proxy before the database. */
export async function startForgetfulProxy(databaseUrl: string): Promise<ForgetfulProxy> {
  const target = new URL(databaseUrl);
  const state = { armed: false, lost: 0 };
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
    }
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
    join(client, upstream, state);
  });
  const url = new URL(databaseUrl);
  url.port = String(await listen(server));
  return {
    url: url.href,
    loseNextCommit: () => {
      state.armed = true;
    },
    get lost() {
      return state.lost;
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

function join(client: Socket, upstream: Socket, state: { armed: boolean; lost: number }): void {
  let forgets = false;
  client.on('data', (bytes: Buffer) => {
    if (state.armed && bytes.includes(COMMIT)) {
      state.armed = false;
      forgets = true;
    }
    upstream.write(bytes);
  });
  upstream.on('data', (bytes: Buffer) => {
    if (!forgets) client.write(bytes);
    else if (bytes.includes(COMMITTED)) {
      state.lost += 1;
      client.destroy();
    }
  });
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      resolve((server.address() as AddressInfo).port);
    });
  });
}
