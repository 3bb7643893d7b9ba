import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder, chromaCommand, readEnvironment } from '../../bootstrap.mjs';
import { findFreePort } from './free-port.ts';
import { startRealServer, type RealServer } from './real-server.ts';

/** A real Chroma of a test's own. It keeps its port over all stops and starts. */
export interface RealChroma {
  readonly url: string;
  readonly port: number;
  /** Starts it again after `stop`, with the data that it had. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Removes its data; it must not run. */
  wipe(): Promise<void>;
  /** It lives and takes connections, and says nothing. */
  pause(): Promise<void>;
  resume(): void;
  /** Ends it for good. */
  end(): Promise<void>;
}

/** False where Python could not install it; its tests are skipped then. */
export function hasRealChroma(): boolean {
  return existsSync(chromaCommand(cacheFolder(readEnvironment())));
}

/** Starts Chroma's server of the set-up of the tests. */
export async function startRealChroma(): Promise<RealChroma> {
  const program = chromaCommand(cacheFolder(readEnvironment()));
  const folder = await mkdtemp(join(tmpdir(), 'hydra-chroma-'));
  const port = await findFreePort();
  const url = `http://127.0.0.1:${port}`;
  const args = ['run', '--path', join(folder, 'data'), '--host', '127.0.0.1', '--port', String(port)];
  // Tests send nothing to anybody.
  const env = { ANONYMIZED_TELEMETRY: 'False' };
  let server: RealServer | null = null;
  const signal = (name: NodeJS.Signals) => server && process.kill(server.pid, name);
  const start = async () => {
    server ??= await startRealServer({ program, args, env, isReady: () => answers(url) });
  };
  const stop = async () => {
    // A paused one would not hear that it is to stop.
    signal('SIGCONT');
    await server?.stop();
    server = null;
  };
  await start();
  return {
    url,
    port,
    start,
    stop,
    wipe: () => rm(join(folder, 'data'), { recursive: true, force: true }),
    pause: async () => server?.pause(),
    resume: () => void signal('SIGCONT'),
    async end() {
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/api/v2/heartbeat`)).ok;
  } catch {
    return false;
  }
}
