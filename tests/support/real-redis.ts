import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFreePort } from './free-port.ts';
import { startRealServer, type RealServer } from './real-server.ts';

/** A real Redis of a test's own. It keeps its port over all stops and starts. */
export interface RealRedis {
  readonly port: number;
  readonly url: string;
  /** Starts it again after `stop`; empty, unless the flags say that it keeps its data. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Ends it as a loss of power would. */
  crash(): Promise<void>;
  /** It lives and takes connections, and says nothing. */
  pause(): Promise<void>;
  resume(): void;
  /** Ends it for good. */
  end(): Promise<void>;
}

/** Nothing is written to the disk: what a test wants kept, it says. */
const NO_PERSISTENCE = ['--save', '', '--appendonly', 'no'] as const;

/** Starts Debian's `redis-server`. `flags` come last and so win. */
export async function startRealRedis(flags: readonly string[] = []): Promise<RealRedis> {
  const folder = await mkdtemp(join(tmpdir(), 'hydra-redis-'));
  const port = await findFreePort();
  let server: RealServer | null = null;
  const signal = (name: NodeJS.Signals) => void (server && process.kill(server.pid, name));
  const start = async () => {
    const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, ...NO_PERSISTENCE, ...flags];
    server ??= await startRealServer({ program: 'redis-server', args, isReady: () => answers(port) });
  };
  const end = async (how: 'stop' | 'kill') => {
    // A paused one would not hear that it is to stop.
    signal('SIGCONT');
    const ending = server;
    server = null;
    await ending?.[how]();
  };
  await start();
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    start,
    stop: () => end('stop'),
    crash: () => end('kill'),
    pause: async () => server?.pause(),
    resume: () => signal('SIGCONT'),
    async end() {
      await end('stop');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Any answer will do: a server with a password refuses the question. */
async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  socket.setTimeout(500, () => socket.destroy());
  socket.write('PING\r\n');
  const answered = await new Promise<boolean>((resolve) => {
    socket.once('data', () => resolve(true)).once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
  socket.destroy();
  return answered;
}
