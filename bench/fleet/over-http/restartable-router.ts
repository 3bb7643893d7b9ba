import type { Grant, RouterOptions } from './router-messages.ts';
import { startRouterProcess, type RouterProcess } from './router-process.ts';

/** A measured Hydra that can be killed and comes back, as under a supervisor. */
export interface RestartableRouter {
  /** Of each call, by its title, in their order. */
  readonly grants: ReadonlyMap<string, readonly Grant[]>;
  /** Rejects when it has ended by itself. */
  readonly failed: Promise<never>;
  /** Kills it as `kill -9` does, and starts the next one at once. */
  killAndRestart(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts it and waits until it serves. */
export async function startRestartableRouter(
  environment: Readonly<Record<string, string>>,
  options: RouterOptions,
): Promise<RestartableRouter> {
  const grants = new Map<string, Grant[]>();
  const noteGrant = (title: string, grant: Grant): void => {
    grants.set(title, [...(grants.get(title) ?? []), grant]);
  };
  let fail: (error: Error) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => (fail = reject));
  // Between two runs nobody looks.
  failed.catch(() => {});

  function start(): RouterProcess {
    const router = startRouterProcess(environment, options, noteGrant);
    void router.ended.then(() => router === current && fail(new Error('The measured process has ended by itself.')));
    return router;
  }

  function kill(): Promise<void> {
    const killed = current;
    current = null;
    return killed?.kill() ?? Promise.resolve();
  }

  let current: RouterProcess | null = null;
  current = start();
  await current.ready;
  return {
    grants,
    failed,
    async killAndRestart() {
      await kill();
      current = start();
    },
    stop: kill,
  };
}
