import { expect, test } from 'vitest';
import { createSecondHits } from '../../../memory/entries/second-hits.ts';
import { createSingleFlight } from '../../../memory/entries/single-flight.ts';
import type { EntryId } from '../../../domain/ids.ts';

test('work under way is shared by all who ask for it, and done again afterwards', async () => {
  const flights = createSingleFlight<number>();
  let done = 0;
  const work = async () => {
    await new Promise(setImmediate);
    return (done += 1);
  };
  expect(await Promise.all([flights.run('a', work), flights.run('a', work), flights.run('b', work)])).toEqual([
    1, 1, 2,
  ]);
  expect(await flights.run('a', work)).toBe(3);
});

test('a failure is shared as well and does not stay', async () => {
  const flights = createSingleFlight<number>();
  const fail = async () => Promise.reject(new Error('no luck'));
  const outcomes = await Promise.allSettled([flights.run('a', fail), flights.run('a', fail)]);
  expect(outcomes.map((outcome) => outcome.status)).toEqual(['rejected', 'rejected']);
  expect(await flights.run('a', async () => 1)).toBe(1);
});

test('the second hit within ten minutes is told, and then counting begins anew', () => {
  let nowMs = 0;
  const isSecondHit = createSecondHits(() => nowMs);
  const id = 'a' as EntryId;
  expect([isSecondHit(id), isSecondHit(id), isSecondHit(id)]).toEqual([false, true, false]);
  nowMs += 600_000;
  expect([isSecondHit(id), isSecondHit(id)]).toEqual([false, true]);
});

test('hits of very many entries are forgotten, the oldest first', () => {
  const isSecondHit = createSecondHits(() => 0);
  for (let index = 0; index < 10_001; index += 1) isSecondHit(`${index}` as EntryId);
  expect(isSecondHit('10000' as EntryId)).toBe(true);
  expect(isSecondHit('0' as EntryId)).toBe(false);
});
