import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A TCP connection through bad weather. */
export interface FlakyProxy {
  readonly port: number;
  /** Nothing passes and nothing is lost: as TCP repeats it, what was sent meanwhile arrives after `pass`. */
  blackHole(): void;
  /** Everything passes, what was held back first. */
  pass(): void;
  /** Everything arrives later by this much. */
  delay(delayMs: number): void;
  /** Ends all connections that there are; new ones are taken. */
  cut(): void;
  close(): Promise<void>;
}

interface Weather {
  isBlackHole: boolean;
  delayMs: number;
}

/** Starts a proxy on a free port in front of another port of this machine. */
export async function startFlakyProxy(targetPort: number): Promise<FlakyProxy> {
  const weather: Weather = { isBlackHole: false, delayMs: 0 };
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (client) => join(client, targetPort, sockets, weather));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => sockets.forEach((socket) => socket.destroy());
  return {
    port: (server.address() as AddressInfo).port,
    blackHole() {
      weather.isBlackHole = true;
      sockets.forEach((socket) => socket.pause());
    },
    pass() {
      Object.assign(weather, { isBlackHole: false, delayMs: 0 });
      sockets.forEach((socket) => socket.resume());
    },
    delay: (delayMs) => void (weather.delayMs = delayMs),
    cut,
    close: () => closeServer(server, cut),
  };
}

function join(client: Socket, targetPort: number, sockets: Set<Socket>, weather: Weather): void {
  const target = connect({ port: targetPort, host: '127.0.0.1', allowHalfOpen: true });
  carry(client, target, sockets, weather);
  carry(target, client, sockets, weather);
}

/** One direction. In a black hole even the end of the connection is not noticed. */
function carry(from: Socket, to: Socket, sockets: Set<Socket>, weather: Weather): void {
  sockets.add(from);
  // One after the other, so that a shorter delay overtakes nothing.
  let sent = Promise.resolve();
  from.on('data', (chunk: Buffer) => {
    const arriveAt = Date.now() + weather.delayMs;
    sent = sent.then(() => waitUntilTime(arriveAt)).then(() => void (to.destroyed || to.write(chunk)));
  });
  from.once('end', () => void sent.then(() => to.end()));
  from.once('close', () => {
    sockets.delete(from);
    void sent.then(() => to.destroySoon());
  });
  from.on('error', () => from.destroy());
  if (weather.isBlackHole) from.pause();
}

async function waitUntilTime(atMs: number): Promise<void> {
  const waitMs = atMs - Date.now();
  if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
}

async function closeServer(server: Server, cut: () => void): Promise<void> {
  server.close();
  cut();
  await once(server, 'close');
}
