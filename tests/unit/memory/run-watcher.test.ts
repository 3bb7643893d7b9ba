import { expect, test } from 'vitest';
import type { RunId } from '../../../domain/ids.ts';
import { createRunWatcher } from '../../../memory/sqlite/run-watcher.ts';

/** A starved machine may take long; a condition that holds is seen at once. */
const PATIENTLY = { timeout: 25_000, interval: 10 };

const RUN = 'run' as RunId;
const OTHER = 'other' as RunId;

test('news between two waits are not missed', async () => {
  const watcher = createRunWatcher({ readDataVersion: () => 1 });
  const watch = watcher.watch(RUN);
  watcher.notify([RUN, OTHER]);
  await watch.waitForNews();
  watch.stop();
});

test('news of another run wake nobody', async () => {
  const watcher = createRunWatcher({ readDataVersion: () => 1 });
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

test('a changed data version wakes everybody', async () => {
  let version = 1;
  const watcher = createRunWatcher({ readDataVersion: () => version, pollIntervalMs: 1 });
  const watches = [watcher.watch(RUN), watcher.watch(OTHER)];
  version = 2;
  await Promise.all(watches.map((watch) => watch.waitForNews()));
  for (const watch of watches) watch.stop();
});

test('nothing is polled while nobody watches, and stopping twice counts once', async () => {
  let reads = 0;
  const timersBefore = countTimers();
  const watcher = createRunWatcher({ readDataVersion: () => (reads += 1), pollIntervalMs: 1 });
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
