import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { KeptEntry, MemoryEntry } from '../../domain/memory-entry.ts';
import type { EntryTier } from '../../memory/entry-ports.ts';
import { aKeptEntry, aTombstone, idOf, PATIENCE } from './lesson-fixtures.ts';

/** A tier of a real server, which the test may keep from answering. */
export interface TierHarness {
  readonly tier: EntryTier;
  /** Another client of the same server. */
  open(): EntryTier;
  /** From now on the server takes what is sent and says nothing. */
  silence(): void;
  /** Ends the silence and closes what was opened. */
  dispose(): Promise<void>;
}

/** What every copy of entries must do. `createHarness` gives each test an empty one that is up. */
export function describeTierContract(name: string, createHarness: () => Promise<TierHarness>): void {
  describe(`${name} keeps the contract of a tier`, () => {
    let harness: TierHarness;
    let tier: EntryTier;
    const read = (entry: string) => tier.read(idOf(entry), PATIENCE);
    const write = (...entries: MemoryEntry[]) => tier.write(entries, PATIENCE);
    beforeEach(async () => {
      harness = await createHarness();
      ({ tier } = harness);
    });
    afterEach(async () => harness.dispose());

    test('what was written comes back as it was, whatever is in it', async () => {
      const texts = ['', 'ä€😀', `quotes ' " \\ and\nlines\r\n`, '1\n{}', 'x'.repeat(300_000)];
      const entries = texts.map((text, index) => aKeptEntry(`text ${index}`, 1, { text }));
      await write(...entries);
      for (const [index, entry] of entries.entries()) expect(await read(`text ${index}`)).toEqual(entry);
    });

    test('what was never written is not there', async () => {
      expect(await read('a')).toBeUndefined();
      expect(await tier.count(PATIENCE)).toBe(0);
    });

    test('of two versions the higher one stays, in whatever order they come', async () => {
      await write(aKeptEntry('a', 2));
      await write(aKeptEntry('a', 1));
      expect(await read('a')).toEqual(aKeptEntry('a', 2));
      await write(aKeptEntry('a', 10));
      await write(aKeptEntry('a', 9));
      expect(await read('a')).toEqual(aKeptEntry('a', 10));
    });

    test('versions are numbers and compared as such, up to the largest', async () => {
      await write(aKeptEntry('a', Number.MAX_SAFE_INTEGER - 1));
      await write(aKeptEntry('a', Number.MAX_SAFE_INTEGER));
      await write(aKeptEntry('a', 999));
      expect((await read('a'))?.version).toBe(Number.MAX_SAFE_INTEGER);
    });

    test('an older and a newer version in one batch leave the newer one', async () => {
      await write(aKeptEntry('a', 2), aKeptEntry('b', 1), aKeptEntry('a', 1));
      expect(await read('a')).toEqual(aKeptEntry('a', 2));
      expect(await read('b')).toEqual(aKeptEntry('b', 1));
    });

    test('the same batch twice changes nothing', async () => {
      const batch = [aKeptEntry('a', 1), aTombstone('b', 3)];
      await write(...batch);
      await write(...batch);
      expect(await read('a')).toEqual(batch[0]);
      expect(await read('b')).toEqual(batch[1]);
    });

    test('an empty batch is nothing to do', async () => {
      await write();
      expect(await tier.count(PATIENCE)).toBe(0);
    });

    test('a deleted entry stays deleted when an older copy comes late', async () => {
      await write(aKeptEntry('a', 1));
      await write(aTombstone('a', 2));
      await write(aKeptEntry('a', 1));
      expect(await read('a')).toEqual(aTombstone('a', 2));
    });

    test('an entry may come again after it was deleted', async () => {
      await write(aTombstone('a', 2));
      await write(aKeptEntry('a', 3));
      expect(await read('a')).toEqual(aKeptEntry('a', 3));
    });

    test('writers of many versions at once agree on the highest one', async () => {
      const other = harness.open();
      await other.ping(PATIENCE);
      const versions = Array.from({ length: 60 }, (_, index) => ((index * 37) % 60) + 1);
      const writeBy = (version: number) => (version % 2 ? tier : other).write([aKeptEntry('a', version)], PATIENCE);
      await Promise.all(versions.map(writeBy));
      expect((await read('a'))?.version).toBe(60);
      await other.close();
    });

    test('two hundred entries go in one batch', async () => {
      const batch = Array.from({ length: 200 }, (_, index) => aKeptEntry(`entry ${index}`, 1));
      await write(...batch);
      expect(await tier.count(PATIENCE)).toBe(200);
      expect(await read('entry 199')).toEqual(batch[199]);
    });

    test('wiped it is empty and takes everything again', async () => {
      await write(aKeptEntry('a', 5), aTombstone('b', 5));
      await tier.wipe(PATIENCE);
      expect(await tier.count(PATIENCE)).toBe(0);
      expect(await read('a')).toBeUndefined();
      await write(aKeptEntry('a', 1), aKeptEntry('b', 1));
      expect((await read('b'))?.version).toBe(1);
    });

    test('every call ends when its signal does', async () => {
      const calls: readonly ((signal: AbortSignal) => Promise<unknown>)[] = [
        (signal) => tier.read(idOf('a'), signal),
        (signal) => tier.write([aKeptEntry('a', 1)], signal),
        (signal) => tier.ping(signal),
        (signal) => tier.count(signal),
        (signal) => tier.wipe(signal),
      ];
      harness.silence();
      for (const call of calls) {
        await expect(call(AbortSignal.timeout(50))).rejects.toMatchObject({ type: 'StoreUnavailable' });
        await expect(call(AbortSignal.abort())).rejects.toMatchObject({ type: 'StoreUnavailable' });
      }
    });

    test('what is not an entry counts as absent', async () => {
      const broken = { ...aKeptEntry('a', 1), value: { kind: 'lesson', fix: 7 } } as unknown as KeptEntry;
      await write(broken);
      expect(await read('a')).toBeUndefined();
      await write(aKeptEntry('a', 2));
      expect(await read('a')).toEqual(aKeptEntry('a', 2));
    });
  });
}
