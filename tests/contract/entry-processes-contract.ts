import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { EntryId } from '../../domain/ids.ts';
import type { MemoryEntry } from '../../domain/memory-entry.ts';
import type { EntryRecord } from '../../memory/entry-ports.ts';
import { createChildren, killChild } from '../support/child-processes.ts';
import type { EntryRecordHarness } from './entry-record-harness.ts';
import { waitingFor } from './entry-samples.ts';

/** Starting a process through tsx takes seconds on a busy machine. */
const TIMEOUT_MS = 120_000;
const PATIENTLY = { timeout: 60_000, interval: 10 };
/** How long the others wait for a process that died: its claim lasts 10 s; as much again for a machine that does other things. */
const LEASE_MS = 20_000;

/** What `compute` of `entry-child.ts` tells. */
interface Computed {
  readonly computed: number;
  readonly answers: readonly string[];
  readonly callers: number;
}

/** A record that other processes can open, too. */
export interface SharedRecordHarness extends EntryRecordHarness {
  /** What `entry-child.ts` opens it by. */
  readonly place: string;
}

/** What every record must do with several processes. `recordName` is its name in `entry-child.ts`. */
export function describeEntryProcesses(recordName: string, createHarness: () => Promise<SharedRecordHarness>): void {
  describe(`${recordName} with several processes`, () => {
    const children = createChildren(fileURLToPath(new URL('./entry-child.ts', import.meta.url)));
    let harness: SharedRecordHarness;
    let record: EntryRecord;
    beforeEach(async () => {
      harness = await createHarness();
      record = await harness.open();
      await record.setTargets(['redis', 'postgres']);
    });
    afterEach(async () => {
      await children.killAll();
      await harness.dispose();
    });

    test(
      'two that write 5,000 rows each lose none and give each change its own version',
      { timeout: TIMEOUT_MS },
      async () => {
        const write = (name: string) => ['write', recordName, harness.place, name, '5000'];
        expect(await children.runTogether(write('a'), write('b'))).toEqual([[], []]);
        const entries = await listAll(record);
        expect(entries).toHaveLength(5010);
        expect(entries.filter((entry) => entry.version === 1)).toHaveLength(5000);
        expect(entries.filter((entry) => entry.version === 500)).toHaveLength(10);
        const waiting = await waitingFor(record, 'redis');
        expect(new Set(waiting)).toEqual(new Set(entries.map((entry) => entry.id)));
        expect(waiting).toHaveLength(5010);
        expect((await record.lag('redis')).rows).toBe(5010);
      },
    );

    test(
      'two with 100 callers each that miss the same entry at once compute it at most twice',
      { timeout: TIMEOUT_MS },
      async () => {
        const compute = (name: string) => ['compute', recordName, harness.place, name, '100', '1000'];
        const outcomes = (await children.runTogether(compute('a'), compute('b'))) as readonly Computed[];
        for (const { callers, answers } of outcomes) {
          expect(callers).toBe(100);
          // All callers of a process have the same answer.
          expect(answers).toEqual([expect.stringMatching(/^computed by [ab]$/)]);
        }
        const computed = outcomes.reduce((sum, outcome) => sum + outcome.computed, 0);
        expect(computed).toBeGreaterThan(0);
        expect(computed).toBeLessThanOrEqual(2);
      },
    );

    test(
      'what one was computing when it was killed another one computes for all who wait, when its claim has run out',
      { timeout: TIMEOUT_MS },
      async () => {
        const dying = await children.start(['compute', recordName, harness.place, 'a']);
        dying.go();
        await expect.poll(() => dying.lines, PATIENTLY).toContain('computing');
        const waiting = await children.start(['compute', recordName, harness.place, 'b', '100', '10']);
        waiting.go();
        await expect.poll(() => waiting.lines, PATIENTLY).toContain('asking');
        const killedAtMs = performance.now();
        await killChild(dying.process);
        expect(waiting.lines).not.toContain('computing');
        expect(await waiting.outcome).toEqual({ computed: 1, answers: ['computed by b'], callers: 100 });
        expect(performance.now() - killedAtMs).toBeLessThan(LEASE_MS);
      },
    );

    test(
      'what one had put when it was killed is there, and each change with its place in the outbox',
      { timeout: TIMEOUT_MS },
      async () => {
        for (let round = 1; round <= 3; round += 1) {
          const child = await children.start(['putForEver', recordName, harness.place]);
          child.go();
          await expect.poll(() => child.lines.length, PATIENTLY).toBeGreaterThan(200);
          await killChild(child.process);
          const entries = await listAll(record);
          const versions = new Map(entries.map((entry) => [entry.id, entry.version]));
          for (const line of child.lines) {
            const [id, version] = line.split(' ');
            expect(versions.get(id as EntryId)).toBeGreaterThanOrEqual(Number(version));
          }
          expect(new Set(await waitingFor(record, 'redis'))).toEqual(new Set(versions.keys()));
          for (const entry of entries) if (!entry.isDeleted) await expectFound(record, entry.id, entry.text);
        }
      },
    );
  });
}

async function listAll(record: EntryRecord): Promise<readonly MemoryEntry[]> {
  const entries: MemoryEntry[] = [];
  for (;;) {
    const after = entries.at(-1)?.id;
    const page = await record.list({ limit: 1000, ...(after && { after }) });
    entries.push(...page);
    if (page.length < 1000) return entries;
  }
}

/** The index of words was killed with the row or not at all. */
async function expectFound(record: EntryRecord, id: EntryId, text: string): Promise<void> {
  const [, number = ''] = text.split(' ');
  const hits = await record.searchText({ namespace: 'default', kinds: ['work'], text: number, limit: 10 });
  expect(hits).toEqual([{ id }]);
}
