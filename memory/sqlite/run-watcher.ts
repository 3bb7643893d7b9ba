import type { RunId } from '../../domain/ids.ts';

/** One reader's wait for news of a run. */
export interface RunWatch {
  /** Resolves when there may be news since the last call, at once when there already were, or when the watch must end. */
  waitForNews(): Promise<void>;
  stop(): void;
}

/** Tells readers that a run may have new events, whoever wrote them. */
export interface RunWatcher {
  watch(runId: RunId): RunWatch;
  /** This process has written events of these runs. */
  notify(runIds: Iterable<RunId>): void;
  /** Wakes every reader; used where it is not known whose run has news, and at the end. */
  notifyAll(): void;
  /** Readers at this moment. */
  readonly watchCount: number;
}

export interface RunWatcherOptions {
  /** A number that changes when another process has written. */
  readonly readDataVersion: () => number;
  /** How often it is read while somebody watches; a tenth of a second is what a reader of a live text puts up with. */
  readonly pollIntervalMs?: number;
}

type Bell = RunWatch & { ring(): void };

/** Creates a watcher. Nothing is polled while nobody watches. */
export function createRunWatcher({ readDataVersion, pollIntervalMs = 100 }: RunWatcherOptions): RunWatcher {
  const bells = new Map<RunId, Set<Bell>>();
  let watchCount = 0;
  let timer: NodeJS.Timeout | undefined;
  let seenVersion = 0;

  function poll(): void {
    const version = readDataVersion();
    if (version === seenVersion) return;
    seenVersion = version;
    notifyAll();
  }

  function notify(runIds: Iterable<RunId>): void {
    for (const runId of runIds) for (const bell of bells.get(runId) ?? []) bell.ring();
  }

  function notifyAll(): void {
    notify(bells.keys());
  }

  function add(runId: RunId, bell: Bell): void {
    bells.set(runId, (bells.get(runId) ?? new Set()).add(bell));
    watchCount += 1;
    if (timer !== undefined) return;
    seenVersion = readDataVersion();
    timer = setInterval(poll, pollIntervalMs);
  }

  function remove(runId: RunId, bell: Bell): void {
    const bellsOfRun = bells.get(runId);
    if (bellsOfRun?.delete(bell) !== true) return;
    if (bellsOfRun.size === 0) bells.delete(runId);
    watchCount -= 1;
    if (watchCount > 0) return;
    clearInterval(timer);
    timer = undefined;
  }

  return {
    watch(runId) {
      const bell = createBell(() => remove(runId, bell));
      add(runId, bell);
      return bell;
    },
    notify,
    notifyAll,
    get watchCount() {
      return watchCount;
    },
  };
}

/** A bell that remembers one ring, so that news between two waits are not missed. */
function createBell(stop: () => void): Bell {
  let hasRung = false;
  let wake: (() => void) | undefined;
  return {
    ring() {
      hasRung = true;
      wake?.();
    },
    async waitForNews() {
      if (!hasRung) await new Promise<void>((resolve) => (wake = resolve));
      hasRung = false;
    },
    stop,
  };
}
