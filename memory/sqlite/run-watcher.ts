import type { RunId } from '../../domain/ids.ts';
import { createBell, type Bell, type RunWatcher } from '../run-watch.ts';

export interface RunWatcherOptions {
  /** A number that changes when another process has written, whatever it wrote. */
  readonly readDataVersion: () => number;
  /** A number that changes with the events of the run: asked for each run that is watched, when another process has written. */
  readonly readLastSequence: (runId: RunId) => number;
  /** How often it is read while somebody watches; a tenth of a second is what a reader of a live text puts up with. */
  readonly pollIntervalMs?: number;
}

/** Those who watch one run, and its last event when this was looked at. */
interface WatchedRun {
  readonly bells: Set<Bell>;
  seenSequence: number;
}

/** Creates a watcher. Nothing is polled while nobody watches. */
export function createRunWatcher(options: RunWatcherOptions): RunWatcher {
  const { readDataVersion, readLastSequence, pollIntervalMs = 100 } = options;
  const runs = new Map<RunId, WatchedRun>();
  let watchCount = 0;
  let hasEnded = false;
  let timer: NodeJS.Timeout | undefined;
  let seenVersion = 0;

  function poll(): void {
    const version = readDataVersion();
    if (version === seenVersion) return;
    seenVersion = version;
    for (const [runId, run] of runs) lookAt(runId, run);
  }

  /** Waking every reader for every write of another process would have each read its events again for nothing. */
  function lookAt(runId: RunId, run: WatchedRun): void {
    const sequence = readLastSequence(runId);
    if (sequence === run.seenSequence) return;
    run.seenSequence = sequence;
    notify([runId]);
  }

  function notify(runIds: Iterable<RunId>): void {
    for (const runId of runIds) for (const bell of runs.get(runId)?.bells ?? []) bell.ring();
  }

  function end(): void {
    hasEnded = true;
    notify(runs.keys());
  }

  function add(runId: RunId, bell: Bell): void {
    const run = runs.get(runId);
    if (run) run.bells.add(bell);
    else runs.set(runId, { bells: new Set([bell]), seenSequence: readLastSequence(runId) });
    watchCount += 1;
    if (timer !== undefined) return;
    seenVersion = readDataVersion();
    timer = setInterval(poll, pollIntervalMs);
  }

  function remove(runId: RunId, bell: Bell): void {
    const bells = runs.get(runId)?.bells;
    if (bells?.delete(bell) !== true) return;
    if (bells.size === 0) runs.delete(runId);
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
    end,
    get hasEnded() {
      return hasEnded;
    },
    get watchCount() {
      return watchCount;
    },
  };
}
