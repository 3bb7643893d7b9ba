import type { Logger } from 'pino';
import type { Memory } from '../memory/ports.ts';

const DAY_MS = 86_400_000;

/** Removes what is older than the retention time, now and every day; resolves to what stops it. */
export function startPruning(memory: Memory, retentionDays: number, log: Logger): () => void {
  const prune = (): void => {
    const before = new Date(Date.now() - retentionDays * DAY_MS).toISOString();
    memory.prune(before).then(
      ({ runs, artifacts }) => log.info({ runs, artifacts, before }, 'pruned'),
      (error: unknown) => log.error({ err: error }, 'pruning failed; it is tried again tomorrow'),
    );
  };
  prune();
  const timer = setInterval(prune, DAY_MS);
  timer.unref();
  return () => clearInterval(timer);
}
