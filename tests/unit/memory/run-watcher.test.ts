import { expect, test } from 'vitest';
import type { RunId } from '../../../domain/ids.ts';
import { createRunWatcher } from '../../../memory/sqlite/run-watcher.ts';

/** A starved machine may take long; a condition that holds is seen at once. */
const PATIENTLY = { timeout: 25_000, interval: 10 };

const RUN = 'run' as RunId;
const OTHER = 'other' as RunId;

test('news between two waits are not missed', async () => {
  const watcher = createRunWatcher({ readDataVersion: () => 1, readLastSequence: () => 0 });
  const watch = watcher.watch(RUN);
  watcher.notify([RUN, OTHER]);
  await watch.waitForNews();
  watch.stop();
});

test('news of another run wake nobody', async () => {
  const watcher = createRunWatcher({ readDataVersion: () => 1, readLastSequence: () => 0 });
  const watch = watcher.watch(RUN);
  let woken = false;
  const waiting = watch.waitForNews().then(() => (woken = true));
  watcher.notify([OTHER]);
  await new Promise(setImmediate);
  expect(woken).toBe(false);
  watcher.notify([RUN]);
  await waiting;
  watch.stop();
});

test('a write of another process wakes those whose run has a new event, and nobody else', async () => {
  let version = 1;
  const sequences = new Map([
    [RUN, 1],
    [OTHER, 1],
  ]);
  const watcher = createRunWatcher({
    readDataVersion: () => version,
    readLastSequence: (runId) => sequences.get(runId) ?? 0,
    pollIntervalMs: 1,
  });
  const watches = [watcher.watch(RUN), watcher.watch(RUN), watcher.watch(OTHER)];
  let otherWoken = false;
  const other = watches[2]?.waitForNews().then(() => (otherWoken = true));
  sequences.set(RUN, 2);
  version = 2;
  await Promise.all(watches.slice(0, 2).map((watch) => watch.waitForNews()));
  expect(otherWoken).toBe(false);
  sequences.set(OTHER, 2);
  version = 3;
  await other;
  for (const watch of watches) watch.stop();
});

test('a store that cannot be asked counts as news', async () => {
  let version = 1;
  const watcher = createRunWatcher({
    readDataVersion: () => version,
    readLastSequence: () => Number.NaN,
    pollIntervalMs: 1,
  });
  const watch = watcher.watch(RUN);
  version = 2;
  await watch.waitForNews();
  watch.stop();
});

test('nothing is polled while nobody watches, and stopping twice counts once', async () => {
  let reads = 0;
  const timersBefore = countTimers();
  const watcher = createRunWatcher({
    readDataVersion: () => (reads += 1),
    readLastSequence: () => 0,
    pollIntervalMs: 1,
  });
  expect(reads).toBe(0);
  const watches = Array.from({ length: 500 }, () => watcher.watch(RUN));
  expect(watcher.watchCount).toBe(500);
  await expect.poll(() => reads, PATIENTLY).toBeGreaterThan(2);
  for (const watch of [...watches, ...watches]) watch.stop();
  expect(watcher.watchCount).toBe(0);
  expect(countTimers()).toBe(timersBefore);
  const readsAtEnd = reads;
  watcher.watch(RUN).stop();
  expect(reads).toBe(readsAtEnd + 1);
});

function countTimers(): number {
  return process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
}
