import { expect, test } from 'vitest';
import { createTierGuard } from '../../../memory/entries/tier-guard.ts';

const REFUSED = new Error('Redis: refused');

/** A guard with a clock and a tier in the hands of the test. */
function setGuard(deadlineMs = 20) {
  let nowMs = 0;
  const reports: string[] = [];
  const tier = { ping: async (): Promise<void> => {}, pings: 0 };
  const guard = createTierGuard({
    name: 'Redis',
    ping: async () => {
      tier.pings += 1;
      return tier.ping();
    },
    deadlineMs,
    report: (sentence) => reports.push(sentence),
    elapsedMs: () => nowMs,
  });
  const fail = () => guard.attempt(async () => Promise.reject(REFUSED));
  const ask = () => guard.attempt(async () => 'answer');
  return { guard, tier, reports, fail, ask, pass: (ms: number) => void (nowMs += ms) };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

/** Keeps this process busy, so that no timer and no socket is looked at. */
function holdUp(timeMs: number): void {
  const until = performance.now() + timeMs;
  while (performance.now() < until);
}

test('an answer comes through, and a failure is no error', async () => {
  const { fail, ask } = setGuard();
  expect(await ask()).toEqual({ isAnswered: true, value: 'answer' });
  expect(await fail()).toEqual({ isAnswered: false });
});

test('work that does not end is left behind at its deadline, and its signal fires', async () => {
  const { guard } = setGuard();
  let seen: AbortSignal | undefined;
  const answer = await guard.attempt(({ signal }) => {
    seen = signal;
    return new Promise(() => {});
  });
  expect(answer).toEqual({ isAnswered: false });
  expect(seen?.aborted).toBe(true);
});

test('an answer that is in the socket when this process wakes up late counts', async () => {
  const { guard } = setGuard(5);
  const answer = guard.attempt(() => new Promise((resolve) => setImmediate(() => resolve('there'))));
  holdUp(20);
  expect(await answer).toEqual({ isAnswered: true, value: 'there' });
});

test('an answer that comes in pieces counts when this process was held up for longer than the deadline', async () => {
  const { guard } = setGuard(100);
  const answer = guard.attempt(async () => {
    for (let piece = 0; piece < 5; piece += 1) await settle();
    return 'whole';
  });
  holdUp(200);
  expect(await answer).toEqual({ isAnswered: true, value: 'whole' });
});

test('a process that was held up still ends what is not answered', async () => {
  const { guard } = setGuard(20);
  const answer = guard.attempt(() => new Promise(() => {}));
  holdUp(50);
  expect(await answer).toEqual({ isAnswered: false });
});

test('after three failures it is not asked, and one ping after the rest lets calls pass again', async () => {
  const { tier, fail, ask, pass, reports } = setGuard();
  for (let call = 0; call < 3; call += 1) await fail();
  expect(await ask()).toEqual({ isAnswered: false });
  expect(tier.pings).toBe(0);
  pass(1_000);
  // This call does not wait for the ping, and further ones start no other.
  expect(await Promise.all([ask(), ask()])).toEqual([{ isAnswered: false }, { isAnswered: false }]);
  await settle();
  expect(tier.pings).toBe(1);
  expect(await ask()).toEqual({ isAnswered: true, value: 'answer' });
  expect(reports).toEqual(['Redis is left out for now. Redis: refused', 'Redis is used again.']);
});

test('a look pings at once, tells the reason and ends a rest', async () => {
  const { guard, tier, fail, ask } = setGuard();
  for (let call = 0; call < 3; call += 1) await fail();
  tier.ping = async () => Promise.reject(new Error('still away'));
  expect(await guard.look()).toEqual({ isUp: false, reason: 'still away', latencyMs: null });
  tier.ping = async () => {};
  expect(await guard.look()).toEqual({ isUp: true, reason: '', latencyMs: 0 });
  expect(await ask()).toEqual({ isAnswered: true, value: 'answer' });
});

test('a tier that answers too late to be used is up and says so, and stays unused', async () => {
  const { guard, tier, fail, ask, pass } = setGuard(20);
  for (let call = 0; call < 3; call += 1) await fail();
  tier.ping = async () => pass(500);
  expect(await guard.look()).toEqual({ isUp: true, reason: expect.stringContaining('500 ms'), latencyMs: 500 });
  expect(await ask()).toEqual({ isAnswered: false });
});
