import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';

/** A program of somebody else's that tests talk to. */
export interface RealServer {
  readonly pid: number;
  /** It lives and takes connections, and says nothing. A signal takes its time: resolves when that is so. */
  pause(): Promise<void>;
  stop(): Promise<void>;
  /** Ends it as a power cut does: without a word. */
  kill(): Promise<void>;
}

/** How a server is started and recognised as ready. */
export interface ServerStart {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Where it runs; absent: where the tests do. */
  readonly folder?: string;
  /** For programs that refuse to run as root: whom they run as. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** What asks it to end at once, with its work in order; SIGTERM unless named. */
  readonly stopSignal?: NodeJS.Signals;
  /** True once it can be used; asked again and again until then. */
  readonly isReady: () => Promise<boolean>;
}

/** Both servers are up within a second on an idle machine; this is for one that also compiles something. */
const START_TIMEOUT_MS = 60_000;

/** Starts a server and waits until it is ready. Errors: with the end of its output when it ends or stays silent. */
export async function startRealServer(start: ServerStart): Promise<RealServer> {
  const { program, args, env, folder, user, stopSignal = 'SIGTERM', isReady } = start;
  const place = { env: { ...process.env, ...env }, ...(folder && { cwd: folder }), ...user };
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...place });
  const output = keepOutput(child);
  const endWithTests = () => child.kill('SIGKILL');
  process.once('exit', endWithTests);
  const end = async (signal: NodeJS.Signals) => {
    process.off('exit', endWithTests);
    await endChild(child, signal);
  };
  const stop = () => end(stopSignal);
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await isReady())) {
    if (child.exitCode === null && Date.now() < deadline) await wait(50);
    else {
      await stop();
      throw new Error(`${program} did not start:\n${output()}`);
    }
  }
  const pause = async () => {
    child.kill('SIGSTOP');
    while (await answersSoon(isReady));
  };
  return { pid: child.pid ?? 0, pause, stop, kill: () => end('SIGKILL') };
}

/** What answers at all answers sooner than in half a second, on a busy machine, too. */
async function answersSoon(isReady: () => Promise<boolean>): Promise<boolean> {
  return Promise.race([isReady(), wait(500).then(() => false)]);
}

function keepOutput(child: ChildProcess): () => string {
  let kept = '';
  const keep = (chunk: Buffer) => (kept = (kept + chunk.toString()).slice(-4000));
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  child.once('error', (error) => (kept += error.message));
  return () => kept;
}

async function endChild(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'close');
  child.kill(signal);
  // A server that does not end by itself must not outlive the tests.
  const force = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await ended;
  clearTimeout(force);
}
