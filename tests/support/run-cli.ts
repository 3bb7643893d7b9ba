import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));

/** The `hydra` command as words to which a verb is added. */
export const CLI_COMMAND = [process.execPath, '--import', 'tsx', MAIN] as const;

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCli {
  readonly process: ChildProcessWithoutNullStreams;
  /** Resolves once the text has come on stdout or stderr. */
  waitFor(text: string): Promise<void>;
  readonly ended: Promise<CliResult>;
}

/** Starts the `hydra` command as a process of its own. */
export function startCli(words: readonly string[], environment: Record<string, string> = {}): RunningCli {
  const [program, ...before] = CLI_COMMAND;
  const child = spawn(program, [...before, ...words], {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...environment },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr }));
  return {
    process: child,
    ended,
    async waitFor(text) {
      while (!stdout.includes(text) && !stderr.includes(text)) {
        if (child.exitCode !== null || child.signalCode !== null)
          throw new Error(`It ended without "${text}": ${stdout}${stderr}`);
        await Promise.race([once(child.stdout, 'data'), once(child.stderr, 'data'), ended]);
      }
    },
  };
}

/** Runs the `hydra` command to its end. */
export function runCli(
  words: readonly string[],
  { environment = {}, stdin = '' }: { readonly environment?: Record<string, string>; readonly stdin?: string } = {},
): Promise<CliResult> {
  const cli = startCli(words, environment);
  cli.process.stdin.on('error', () => undefined);
  cli.process.stdin.end(stdin);
  return cli.ended;
}
