import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Runs a program to its end, and gives what it printed. Errors: its last line, when it fails or takes too long. */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>>; readonly timeoutMs: number },
): Promise<string> {
  const child = spawn(command, args, {
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: options.timeoutMs,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (output += data.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code === 0) return output.trim();
  const [last] = output.trim().split('\n').slice(-1);
  throw new Error(`${command} ${args[0] ?? ''} failed: ${last || `exit code ${code}`}`);
}
