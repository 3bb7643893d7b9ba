import { once } from 'node:events';
import { bindChild } from '../../bound-child.ts';
import { forkProgram } from './fork-program.ts';
import type { Grant, RouterMessage, RouterOptions } from './router-messages.ts';

/** A Hydra of the bench in a process of its own. */
export interface RouterProcess {
  /** Resolves when it serves. */
  readonly ready: Promise<void>;
  /** Resolves when it has ended, however. */
  readonly ended: Promise<unknown>;
  /** As `kill -9`. */
  kill(): Promise<void>;
}

/** Starts it. `onGranted` is told of each grant, with the title of its call. */
export function startRouterProcess(
  environment: Readonly<Record<string, string>>,
  options: RouterOptions,
  onGranted: (title: string, grant: Grant) => void,
): RouterProcess {
  const child = forkProgram('router-process-main.ts', [JSON.stringify(options)], environment);
  const end = bindChild(child);
  const ended = once(child, 'exit');
  const ready = new Promise<void>((resolve, reject) => {
    child.on('message', (message: RouterMessage) => {
      if (message.kind === 'granted') onGranted(message.title, message.grant);
      else if (message.kind === 'ready') resolve();
      else reject(new Error(message.message));
    });
    void ended.then(() => reject(new Error('The measured process has ended.')));
  });
  // A process that is killed before it serves is a scenario, too.
  ready.catch(() => {});
  return { ready, ended, kill: () => end(() => void child.kill('SIGKILL')) };
}
