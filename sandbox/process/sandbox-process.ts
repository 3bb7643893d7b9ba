import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import type { Readable, Writable } from 'node:stream';
import { SynthesisFailure } from '../../domain/failure.ts';
import type { SandboxEnding } from '../program-runner.ts';
import { createFrameReader, type DriverFrame } from './frame-reader.ts';
import { createLimitWatch, type LimitWatch } from './limit-watch.ts';
import { bindProcessGroup, killProcessGroup } from './process-group.ts';
import type { ProcessEnd, ProcessJob } from './process-job.ts';

/** How one process is started that then waits for its job. */
export interface Launch {
  readonly command: string;
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Another user of this machine for the process, where we may choose. */
  readonly userId?: number;
  /** Removed with everything in it after the process has ended. */
  readonly temporaryFolder: string;
  /** Where the parent writes the program's files; null: the driver writes them. */
  readonly programFolder: string | null;
}

// Pyodide without its snapshot takes up to 10 s on a busy machine; one that needs a minute will not come.
const START_LIMIT_MS = 60_000;
// Output beyond the limit is only cut; a program that prints this many times more is ended.
const FLOOD_FACTOR = 16;

/** One process of the sandbox: started, given one job, ended. Never used twice. */
export class SandboxProcess {
  readonly launch: Launch;
  /** Settles when the driver has said that it waits for its job. Errors: SandboxFault. */
  readonly ready: Promise<void>;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #mark = randomBytes(16).toString('hex');
  readonly #closed: Promise<readonly [code: number | null, signal: NodeJS.Signals | null]>;
  #onFrame: (frame: DriverFrame) => void = () => undefined;
  #onOutput: (data: Buffer) => void;
  #started = '';

  constructor(launch: Launch) {
    this.launch = launch;
    this.#onOutput = (data) => (this.#started = `${this.#started}${data.toString()}`.slice(0, 2_000));
    const user = launch.userId === undefined ? {} : { uid: launch.userId, gid: launch.userId };
    this.#child = spawn(launch.command, launch.arguments, {
      cwd: launch.temporaryFolder,
      env: launch.environment,
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
      ...user,
    });
    this.#closed = this.#watchPipes();
    this.ready = this.#awaitReady();
    // Whoever awaits it later sees the error; until then it is not unhandled.
    this.ready.catch(() => undefined);
  }

  /** False once the process has ended. */
  isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null && this.#child.pid !== undefined;
  }

  /** Runs the one job and waits until nothing of the process is left. */
  async run(job: ProcessJob, signal: AbortSignal): Promise<ProcessEnd> {
    await this.ready;
    const began = performance.now();
    const watch = this.#watch(job, signal);
    const payload = Buffer.from(JSON.stringify(job.payload));
    this.#child.stdin.write(`${payload.length}\n`);
    this.#child.stdin.write(payload);
    this.#child.stdin.end(job.stdin);
    const [code, killedBy] = await this.#closed;
    watch.stop();
    await this.end();
    const finished = watch.isDone() || (job.endsByItself && killedBy === null && !isSignalCode(code));
    const natural = finished ? 'finished' : endingOfCrash(code, job.output.text());
    const wallClockMs = performance.now() - began;
    return {
      ending: watch.verdict() ?? natural,
      item: watch.item(),
      exitCode: code,
      cpuMs: watch.cpuMs(),
      wallClockMs,
    };
  }

  /** Kills the process with all its descendants and removes its folder. */
  async end(): Promise<void> {
    this.#kill();
    await this.#closed;
    await rm(this.launch.temporaryFolder, { recursive: true, force: true });
  }

  #kill(): void {
    // The whole group: the process was started as the leader of its own.
    if (this.#child.pid !== undefined) killProcessGroup(this.#child.pid);
  }

  async #watchPipes(): Promise<readonly [number | null, NodeJS.Signals | null]> {
    const reader = createFrameReader(
      this.#mark,
      (frame) => this.#onFrame(frame),
      (data) => this.#onOutput(data),
    );
    this.#child.stdout.on('data', (data: Buffer) => reader.add(data));
    this.#child.stderr.on('data', (data: Buffer) => this.#onOutput(data));
    // A program that ends without reading its input is no fault.
    this.#child.stdin.on('error', () => undefined);
    const failed = once(this.#child, 'error').then(([error]) => {
      this.#started = String(error);
      return [null, null] as const;
    });
    const closed = once(this.#child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
    const release = this.#child.pid === undefined ? () => {} : bindProcessGroup(this.#child.pid);
    const end = await Promise.race([closed, failed]);
    release();
    reader.end();
    return end;
  }

  async #awaitReady(): Promise<void> {
    const isReady = new Promise<'ready'>((resolve) => {
      this.#onFrame = (frame) => frame.kind === 'ready' && resolve('ready');
    });
    this.#child.stdin.write(`${this.#mark}\n`);
    const timer = setTimeout(() => this.#kill(), START_LIMIT_MS);
    const first = await Promise.race([isReady, this.#closed.then(() => 'closed' as const)]);
    clearTimeout(timer);
    if (first === 'ready') return;
    throw new SynthesisFailure('SandboxFault', 'The sandbox process ended before it was ready.', {
      command: this.launch.command,
      exitCode: this.#child.exitCode,
      output: this.#started,
    });
  }

  #watch(job: ProcessJob, signal: AbortSignal): LimitWatch {
    const pid = this.#child.pid ?? 0;
    const watch = createLimitWatch(pid, job, () => this.#kill(), signal);
    this.#onFrame = (frame) => {
      watch.see(frame);
      job.onFrame(frame);
    };
    this.#onOutput = (data) => {
      job.output.add(data);
      if (job.output.totalBytes() > job.limits.outputBytes * FLOOD_FACTOR) watch.stopWith('output');
    };
    return watch;
  }
}

// bubblewrap ends with 128 + n when what it ran was ended by signal n; the common signals are 1 to 31.
function isSignalCode(code: number | null): boolean {
  return code !== null && code > 128 && code < 160;
}

const CODE_OF_CPU_SIGNAL = 128 + 24;

function endingOfCrash(code: number | null, output: string): SandboxEnding {
  if (code === CODE_OF_CPU_SIGNAL) return 'cpu';
  return output.includes('JavaScript heap out of memory') ? 'memory' : 'crashed';
}
