import type { RouterOptions } from './router-messages.ts';
import { startRouterProcess, type RouterProcess } from './router-process.ts';

/** A measured Hydra that can be killed and comes back, as under a supervisor. */
export interface RestartableRouter {
  /** When each call was granted, by its title: milliseconds since 1970. */
  readonly grants: ReadonlyMap<string, readonly number[]>;
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
  const grants = new Map<string, number[]>();
  const noteGrant = (title: string, atMs: number): void => {
    grants.set(title, [...(grants.get(title) ?? []), atMs]);
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
