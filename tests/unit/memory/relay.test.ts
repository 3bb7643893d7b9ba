import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { EntryId } from '../../../domain/ids.ts';
import type { MemoryEntry } from '../../../domain/memory-entry.ts';
import type { EntryRecord } from '../../../memory/entry-ports.ts';
import { createRelay, type Relay } from '../../../memory/entries/relay.ts';
import type { RelaySink } from '../../../memory/entries/relay-sink.ts';
import type { Memory } from '../../../memory/ports.ts';
import { openSqliteMemory } from '../../../memory/sqlite/open-sqlite-memory.ts';
import { idOf, someWork } from '../../contract/entry-samples.ts';
import { waitUntil } from '../../support/wait-until.ts';

/** A copy in a map, which can be away and refuse entries. */
interface FakeCopy extends RelaySink {
  readonly kept: Map<EntryId, MemoryEntry>;
  /** The entries of each delivery that was taken. */
  readonly deliveries: (readonly MemoryEntry[])[];
  /** Calls of `deliver`, taken or not. */
  attempts: number;
  isAway: boolean;
  refuses: (entry: MemoryEntry) => boolean;
  /** Runs when a delivery has been taken, before the relay hears of it. */
  afterDelivery: () => void;
}

function createFakeCopy(name: FakeCopy['name'], changes: Partial<RelaySink> = {}): FakeCopy {
  const copy: FakeCopy = {
    name,
    kept: new Map(),
    deliveries: [],
    attempts: 0,
    isAway: false,
    refuses: () => false,
    afterDelivery: () => {},
    async deliver(entries) {
      copy.attempts += 1;
      if (copy.isAway) throw new Error('connection refused');
      if (entries.some(copy.refuses)) throw new Error('too large');
      for (const entry of entries) {
        if ((copy.kept.get(entry.id)?.version ?? 0) < entry.version) copy.kept.set(entry.id, entry);
      }
      copy.deliveries.push(entries);
      copy.afterDelivery();
    },
    async ping() {
      if (copy.isAway) throw new Error('connection refused');
    },
    ...changes,
  };
  return copy;
}

/** Rests end when the test says so; each is noted with its length. */
function createManualRests() {
  const lengths: number[] = [];
  const wakers = new Set<() => void>();
  return {
    lengths,
    rest: (ms: number, signal: AbortSignal) =>
      new Promise<void>((resolve) => {
        lengths.push(ms);
        const wake = () => {
          signal.removeEventListener('abort', wake);
          wakers.delete(wake);
          resolve();
        };
        if (signal.aborted) return resolve();
        signal.addEventListener('abort', wake);
        wakers.add(wake);
      }),
    /** Ends all rests that are going on. */
    pass() {
      for (const wake of wakers) wake();
    },
    resting: () => wakers.size,
  };
}

let folder: string;
let memory: Memory;
let record: EntryRecord;
let stop: AbortController;
let rests: ReturnType<typeof createManualRests>;
let reports: string[];
const running: Promise<void>[] = [];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hydra-relay-'));
  memory = await openSqliteMemory({ folder });
  record = memory.entries;
  stop = new AbortController();
  rests = createManualRests();
  reports = [];
});
afterEach(async () => {
  stop.abort();
  await Promise.all(running.splice(0));
  await memory.close();
  rmSync(folder, { recursive: true });
});

async function startRelay(...sinks: readonly RelaySink[]): Promise<Relay> {
  await record.setTargets(sinks.map((sink) => sink.name));
  const relay = createRelay({ record, sinks, report: (sentence) => reports.push(sentence), rest: rests.rest });
  running.push(relay.run(stop.signal));
  return relay;
}

const putText = (words: string, text: string) => record.put(someWork(words, { text }));
const isCaughtUp = async (copy: FakeCopy) => (await record.lag(copy.name)).rows === 0;
/** Lets the time pass until the condition holds. */
const passUntil = (condition: () => boolean | Promise<boolean>) =>
  waitUntil(async () => {
    rests.pass();
    return condition();
  });

describe('the relay', () => {
  test('carries what is there and what comes, tombstones included', async () => {
    const copy = createFakeCopy('redis');
    await putText('a', 'one');
    const relay = await startRelay(copy);
    await waitUntil(() => isCaughtUp(copy));
    await putText('a', 'two');
    await record.remove(idOf(someWork('a')));
    relay.notify();
    await waitUntil(() => isCaughtUp(copy));
    expect(copy.kept.get(idOf(someWork('a')))).toMatchObject({ isDeleted: true, version: 3 });
    expect(reports).toEqual([]);
  });

  test('looks by itself for what other processes wrote, each second', async () => {
    const copy = createFakeCopy('redis');
    await startRelay(copy);
    await waitUntil(() => rests.resting() === 1);
    await putText('a', 'one');
    expect(rests.lengths).toEqual([1000]);
    rests.pass();
    await waitUntil(() => isCaughtUp(copy));
    expect(copy.kept.size).toBe(1);
  });

  test('news that come while it carries are not forgotten', async () => {
    const copy = createFakeCopy('redis');
    await putText('a', 'one');
    let relay: Relay | undefined;
    copy.afterDelivery = () => {
      copy.afterDelivery = () => {};
      void putText('b', 'late').then(() => relay?.notify());
    };
    relay = await startRelay(copy);
    await waitUntil(() => copy.kept.size === 2);
  });

  test('carries two hundred at once, or as many as the copy takes', async () => {
    for (let index = 0; index < 450; index += 1) await putText(`entry ${index}`, 'x');
    const redis = createFakeCopy('redis');
    const chroma = createFakeCopy('chroma', { batchSize: 100 });
    await startRelay(redis, chroma);
    await waitUntil(async () => (await isCaughtUp(redis)) && (await isCaughtUp(chroma)));
    expect(redis.deliveries.map((entries) => entries.length)).toEqual([200, 200, 50]);
    expect(chroma.deliveries.map((entries) => entries.length)).toEqual([100, 100, 100, 100, 50]);
  });

  test('after an outage a copy gets the newest version of each entry, once, and the others never waited', async () => {
    const [away, there] = [createFakeCopy('postgres'), createFakeCopy('redis')];
    away.isAway = true;
    const relay = await startRelay(away, there);
    for (let index = 0; index < 500; index += 1) await putText(`entry ${index % 100}`, `text ${index}`);
    relay.notify();
    await passUntil(() => isCaughtUp(there));
    expect(await record.lag('postgres')).toMatchObject({ rows: 100, deadLetters: 0 });
    away.isAway = false;
    await passUntil(() => isCaughtUp(away));
    expect(away.deliveries.flat()).toHaveLength(100);
    for (const entry of away.kept.values()) expect(entry.version).toBe(5);
    expect(reports).toEqual([
      'Changes for postgres wait until it can take them: connection refused',
      'postgres takes changes again.',
    ]);
  });

  test('rests longer after each failure, up to half a minute, and not at all after a success', async () => {
    const copy = createFakeCopy('redis');
    copy.isAway = true;
    await putText('a', 'one');
    await startRelay(copy);
    await passUntil(() => rests.lengths.length >= 8);
    expect(rests.lengths.slice(0, 8)).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
    copy.isAway = false;
    await passUntil(() => isCaughtUp(copy));
    rests.lengths.length = 0;
    copy.isAway = true;
    await putText('a', 'two');
    await passUntil(() => rests.lengths.includes(2000));
    expect(rests.lengths.filter((ms) => ms !== 1000)).toEqual([2000]);
  });

  test('news do not shorten the rest of a copy that is away', async () => {
    const copy = createFakeCopy('redis');
    copy.isAway = true;
    await putText('a', 'one');
    const relay = await startRelay(copy);
    await waitUntil(() => rests.resting() === 1);
    for (let index = 0; index < 10; index += 1) relay.notify();
    await new Promise(setImmediate);
    expect(copy.attempts).toBe(1);
  });

  test('a copy that says it is back has its changes at once, whatever its rest', async () => {
    const listeners: (() => void)[] = [];
    const copy = createFakeCopy('redis', { onReturn: (listener) => listeners.push(listener) });
    copy.isAway = true;
    await putText('a', 'one');
    await startRelay(copy);
    await passUntil(() => rests.lengths.length >= 5);
    await waitUntil(() => rests.resting() === 1);
    copy.isAway = false;
    for (const listener of listeners) listener();
    await waitUntil(() => isCaughtUp(copy));
    expect(copy.kept.size).toBe(1);
  });

  test('one that dies between delivery and confirmation delivers again, and nothing is worse for it', async () => {
    const copy = createFakeCopy('redis');
    await putText('a', 'one');
    const dying = { ...record, acknowledge: () => new Promise<void>(() => {}) };
    await record.setTargets(['redis']);
    void createRelay({ record: dying, sinks: [copy], report: () => {}, rest: rests.rest }).run(stop.signal);
    await waitUntil(() => copy.deliveries.length === 1);
    expect((await record.lag('redis')).rows).toBe(1);
    await putText('b', 'one');
    await startRelay(copy);
    await waitUntil(() => isCaughtUp(copy));
    expect(copy.deliveries.flat().map((entry) => entry.version)).toEqual([1, 1, 1]);
    expect([...copy.kept.values()].map((entry) => entry.version)).toEqual([1, 1]);
  });

  test('an entry that is refused five times is given up for that copy, and everything else gets through', async () => {
    const copy = createFakeCopy('redis');
    copy.refuses = (entry) => entry.id === idOf(someWork('bad'));
    const other = createFakeCopy('postgres');
    for (const words of ['a', 'b', 'bad', 'c']) await putText(words, words);
    await startRelay(copy, other);
    await waitUntil(() => copy.kept.size === 3);
    expect(await record.lag('redis')).toMatchObject({ rows: 2, deadLetters: 0 });
    await passUntil(() => isCaughtUp(copy));
    expect(await record.lag('redis')).toEqual({ rows: 0, oldestAt: null, deadLetters: 1 });
    expect(other.kept.size).toBe(4);
    expect(reports).toEqual([
      expect.stringMatching(/^redis refused the entry \w+ 5 times and goes without it: too large$/),
    ]);
    copy.refuses = () => false;
    await putText('bad', 'good');
    await passUntil(() => isCaughtUp(copy));
    expect(copy.kept.size).toBe(4);
    expect((await record.lag('redis')).deadLetters).toBe(0);
  });

  test('refusals are remembered only for what still waits', async () => {
    const copy = createFakeCopy('redis');
    copy.refuses = () => true;
    const [a, b] = [await putText('a', 'one'), await putText('b', 'one')];
    await record.setTargets(['redis']);
    let waiting = { id: a.id, sequence: 1 };
    let buried = 0;
    const changing: EntryRecord = {
      ...record,
      readOutbox: async () => [waiting],
      bury: async () => void (buried += 1),
      acknowledge: () => new Promise<void>(() => {}),
    };
    const relay = createRelay({ record: changing, sinks: [copy], report: () => {}, rest: rests.rest });
    void relay.run(stop.signal);
    // Each look offers the batch, and then its only change by itself.
    await passUntil(() => copy.attempts >= 6);
    await waitUntil(() => rests.resting() === 1);
    waiting = { id: b.id, sequence: 2 };
    const attempts = copy.attempts;
    await passUntil(() => copy.attempts >= attempts + 2);
    await waitUntil(() => rests.resting() === 1);
    waiting = { id: a.id, sequence: 1 };
    const again = copy.attempts;
    await passUntil(() => buried === 1);
    expect(copy.attempts - again).toBe(10);
  });

  test('a copy that is away refuses nothing, however often it is tried', async () => {
    const copy = createFakeCopy('redis');
    copy.isAway = true;
    await putText('a', 'one');
    await startRelay(copy);
    await passUntil(() => copy.attempts >= 12);
    expect(await record.lag('redis')).toMatchObject({ rows: 1, deadLetters: 0 });
  });

  test('a delivery that hangs is given up in time and made again', async () => {
    const copy = createFakeCopy('redis');
    let hung = 0;
    const hanging: RelaySink = {
      ...copy,
      timeoutMs: 30,
      deliver: (entries, signal) => {
        if (hung > 0) return copy.deliver(entries, signal);
        hung += 1;
        return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
      },
      ping: () => Promise.reject(new Error('still hanging')),
    };
    await putText('a', 'one');
    await startRelay(hanging);
    await passUntil(() => isCaughtUp(copy));
    expect(copy.kept.size).toBe(1);
  });

  test('goes on when the record fails for a while', async () => {
    const copy = createFakeCopy('redis');
    await putText('a', 'one');
    let failures = 3;
    const failing: EntryRecord = {
      ...record,
      readOutbox: (target, limit) =>
        failures-- > 0 ? Promise.reject(new Error('the record is locked')) : record.readOutbox(target, limit),
    };
    await record.setTargets(['redis']);
    const relay = createRelay({ record: failing, sinks: [copy], report: (s) => reports.push(s), rest: rests.rest });
    running.push(relay.run(stop.signal));
    await passUntil(() => isCaughtUp(copy));
    expect(reports[0]).toContain('the record is locked');
  });

  test('ends at once when it is told to, resting, waiting or delivering', async () => {
    const [resting, delivering, waiting] = [
      createFakeCopy('redis'),
      createFakeCopy('postgres'),
      createFakeCopy('chroma'),
    ];
    resting.isAway = true;
    const hanging: RelaySink = {
      ...delivering,
      deliver: (_, signal) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
    };
    await putText('a', 'one');
    await startRelay(resting, hanging, waiting);
    await waitUntil(() => rests.resting() === 2);
    stop.abort();
    await Promise.all(running);
    expect(reports).toHaveLength(1);
  });
});
