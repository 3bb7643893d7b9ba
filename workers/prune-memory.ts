import type { Logger } from 'pino';
import type { EntryMemory, EntryRetention, RetentionReport } from '../memory/entry-ports.ts';
import type { Memory } from '../memory/ports.ts';

const DAY_MS = 86_400_000;

export interface PruningOptions {
  readonly memory: Memory;
  readonly entries: Pick<EntryMemory, 'retain'>;
  /** How long runs are kept. */
  readonly runDays: number;
  /** What is kept of entries, as of now. */
  readonly entryRetention: () => EntryRetention;
  readonly log: Logger;
}

/** Removes runs and entries that are not to be kept any longer, now and every day; returns what stops it. */
export function startPruning(options: PruningOptions): () => void {
  const prune = (): void => {
    pruneOnce(options).catch((error: unknown) =>
      options.log.error({ err: error }, 'pruning failed; it is tried again tomorrow'),
    );
  };
  prune();
  const timer = setInterval(prune, DAY_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** Entries first: what an artifact was kept for may be gone then. Runs go all the same when entries cannot. */
async function pruneOnce(options: PruningOptions): Promise<void> {
  const { memory, runDays, log } = options;
  const retained = await retainEntries(options);
  const before = new Date(Date.now() - runDays * DAY_MS).toISOString();
  const { runs, artifacts } = await memory.prune(before);
  log.info({ runs, artifacts, before, entries: retained }, 'pruned');
}

async function retainEntries({ entries, entryRetention, log }: PruningOptions): Promise<RetentionReport | null> {
  try {
    return await entries.retain(entryRetention(), false);
  } catch (error) {
    log.error({ err: error }, 'pruning of entries failed; it is tried again tomorrow');
    return null;
  }
}
