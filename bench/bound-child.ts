import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** Ends the child with this process, whatever ends it. The returned function ends it now, after `ask` has told it to. */
export function bindChild(child: ChildProcess): (ask: () => void | Promise<void>) => Promise<void> {
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const ended = once(child, 'exit');
  return async (ask) => {
    if (child.exitCode === null && child.signalCode === null) await ask();
    await ended;
    process.off('exit', kill);
  };
}
