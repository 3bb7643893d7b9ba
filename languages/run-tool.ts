import { spawn } from 'node:child_process';
import { bindProcessGroup, killProcessGroup } from '../sandbox/process/process-group.ts';
import type { ToolOptions } from './tool-report.ts';

/** A checker as a child process. Its environment is exactly `environment`. */
export interface ToolCommand {
  readonly command: string;
  readonly arguments: readonly string[];
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** How a checker ended; only `exited` has something to say. */
export type ToolEnding =
  | { readonly ended: 'exited'; readonly exitCode: number; readonly output: string; readonly errors: string }
  | { readonly ended: 'missing' | 'timeout' | 'cancelled' | 'failed'; readonly message: string };

/** A checker that says more is not read further: nobody can use thousands of findings. */
const MAX_OUTPUT_LENGTH = 4_000_000;

/** Runs a checker and waits for it, at most `timeoutMs`; then its whole process group is ended. */
export function runTool(tool: ToolCommand, { timeoutMs, signal }: ToolOptions): Promise<ToolEnding> {
  if (signal?.aborted === true) return Promise.resolve({ ended: 'cancelled', message: 'cancelled before it started' });
  return new Promise((resolve) => {
    const child = spawn(tool.command, tool.arguments, {
      cwd: tool.folder,
      env: { ...tool.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const output = collect(child.stdout);
    const errors = collect(child.stderr);
    // The checker leads its own process group, so that what it started ends with it.
    const { pid } = child;
    const release = pid === undefined ? () => {} : bindProcessGroup(pid);
    let verdict: ToolEnding | undefined;
    const stop = (ending: ToolEnding): void => {
      verdict ??= ending;
      if (pid !== undefined) killProcessGroup(pid);
    };
    const timer = setTimeout(() => stop({ ended: 'timeout', message: `no answer within ${timeoutMs} ms` }), timeoutMs);
    const onAbort = (): void => stop({ ended: 'cancelled', message: 'cancelled' });
    signal?.addEventListener('abort', onAbort, { once: true });
    const finish = (ending: ToolEnding): void => {
      clearTimeout(timer);
      release();
      signal?.removeEventListener('abort', onAbort);
      resolve(verdict ?? ending);
    };
    child.once('error', (error: NodeJS.ErrnoException) => {
      finish({ ended: error.code === 'ENOENT' ? 'missing' : 'failed', message: error.message });
    });
    child.once('close', (exitCode, killedBy) => {
      if (exitCode === null) finish({ ended: 'failed', message: `ended by ${killedBy ?? 'a signal'}` });
      else finish({ ended: 'exited', exitCode, output: output(), errors: errors() });
    });
  });
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  let length = 0;
  stream.on('data', (chunk: Buffer) => {
    if (length < MAX_OUTPUT_LENGTH) chunks.push(chunk);
    length += chunk.length;
  });
  return () => Buffer.concat(chunks).toString('utf8');
}
