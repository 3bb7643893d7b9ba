import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A process that prints `ready`, waits for a line on its standard input, and then works. */
export interface Child {
  readonly process: ChildProcess;
  /** What it has printed since, line by line. */
  readonly lines: readonly string[];
  /** The last line, parsed, when the process has ended. */
  readonly outcome: Promise<unknown>;
  go(): void;
}

/** The children of one test file. */
export interface Children {
  /** Starts a child; resolves when it is ready to work. `before` is a command that starts it in its turn. */
  readonly start: (args: readonly string[], before?: readonly string[]) => Promise<Child>;
  /** Starts children, lets them work at the same moment and returns what each had to say. */
  readonly runTogether: (...tasks: readonly (readonly string[])[]) => Promise<readonly unknown[]>;
  killAll(): Promise<void>;
}

/** Children that run one TypeScript file. */
export function createChildren(script: string): Children {
  const started: ChildProcess[] = [];
  const start: Children['start'] = async (args, before = []) => {
    const [program = '', ...rest] = [...before, process.execPath, '--import', 'tsx', script, ...args];
    const child = spawn(program, rest, { stdio: ['pipe', 'pipe', 'inherit'] });
    started.push(child);
    const lines: string[] = [];
    const output = createInterface({ input: child.stdout });
    const ended = new Promise<void>((resolve) => output.on('close', resolve));
    const ready = new Promise<void>((resolve) => {
      output.on('line', (line) => (line === 'ready' ? resolve() : lines.push(line)));
    });
    await Promise.race([ready, ended]);
    const outcome = ended.then(() => JSON.parse(lines.at(-1) ?? 'null') as unknown);
    // A child that is killed has no last word, and then nobody asks for it.
    outcome.catch(() => {});
    return { process: child, lines, outcome, go: () => child.stdin.write('go\n') };
  };
  return {
    start,
    async runTogether(...tasks) {
      const children = await Promise.all(tasks.map((args) => start(args)));
      for (const child of children) child.go();
      return Promise.all(children.map((child) => child.outcome));
    },
    async killAll() {
      for (const child of started.splice(0)) await killChild(child);
    },
  };
}

/** Ends a process at once, as a crash does; resolves when it is gone. */
export async function killChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}

/** For use in a child: says that it is ready and waits until it may go. */
export async function waitForGo(): Promise<void> {
  process.stdout.write('ready\n');
  const input = createInterface({ input: process.stdin });
  await new Promise((resolve) => input.once('line', resolve));
  input.close();
}
