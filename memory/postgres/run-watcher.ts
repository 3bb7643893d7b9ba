import type { RunId } from '../../domain/ids.ts';
import { createBell, type Bell, type RunWatcher } from '../run-watch.ts';
import { openListener, type Listener } from './listener.ts';
import { RUN_EVENTS_CHANNEL } from './run-event-log.ts';

/** Creates a watcher, which listens to the server for as long as somebody watches. */
export function createRunWatcher(url: string): RunWatcher {
  const runs = new Map<RunId, Set<Bell>>();
  let watchCount = 0;
  let hasEnded = false;
  let listener: Listener | undefined;

  function notify(runIds: Iterable<RunId>): void {
    for (const runId of runIds) for (const bell of runs.get(runId) ?? []) bell.ring();
  }

  function notifyAll(): void {
    notify(runs.keys());
  }

  function end(): void {
    hasEnded = true;
    notifyAll();
  }

  function add(runId: RunId, bell: Bell): void {
    const bells = runs.get(runId) ?? new Set();
    runs.set(runId, bells.add(bell));
    watchCount += 1;
    listener ??= openListener({
      url,
      channel: RUN_EVENTS_CHANNEL,
      onMessage: (message) => notify([message as RunId]),
      onDoubt: notifyAll,
    });
  }

  function remove(runId: RunId, bell: Bell): void {
    const bells = runs.get(runId);
    if (bells?.delete(bell) !== true) return;
    if (bells.size === 0) runs.delete(runId);
    watchCount -= 1;
    if (watchCount > 0) return;
    listener?.close();
    listener = undefined;
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
