/** A way to Postgres that can be cut, or can fall silent, for everybody who goes by it. */
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';

/** A running proxy. */
export interface CuttableProxy {
  /** The database's URL by way of the proxy. */
  readonly url: string;
  /** Breaks every connection; new ones are possible at once. */
  cut(): void;
  /** Passes nothing on, either way, on old connections and new ones. */
  silence(): void;
  /** Passes on what came meanwhile, and everything else. */
  resume(): void;
  /** Keeps the next bytes that contain the words from the server, with all that follow them. */
  withhold(words: string): { readonly isWithheld: boolean };
  close(): Promise<void>;
}

/** Starts a proxy before the database. */
export async function startCuttableProxy(databaseUrl: string): Promise<CuttableProxy> {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let isSilent = false;
  let withheld: { words: string; isWithheld: boolean } | undefined;
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    let passesOn = true;
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.on('data', (bytes: Buffer) => {
        if (socket === client && withheld !== undefined && bytes.includes(withheld.words)) {
          withheld.isWithheld = true;
          withheld = undefined;
          passesOn = false;
        }
        if (passesOn) other.write(bytes);
      });
      if (isSilent) socket.pause();
    }
  });
  const url = new URL(databaseUrl);
  url.port = String(await listen(server));
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: url.href,
    cut,
    silence() {
      isSilent = true;
      for (const socket of sockets) socket.pause();
    },
    resume() {
      isSilent = false;
      for (const socket of sockets) socket.resume();
    },
    withhold: (words) => (withheld = { words, isWithheld: false }),
    close: () =>
      new Promise((resolve) => {
        cut();
        server.close(() => resolve());
      }),
  };
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      resolve((server.address() as AddressInfo).port);
    });
  });
}
