/**
 * A process of its own that works on a system of record, for tests of what processes do to each other.
 * Usage: entry-child.ts COMMAND RECORD PLACE ARGUMENTS…; it prints `ready`, waits for a line on its standard input and then works.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SynthesisFailure } from '../../domain/failure.ts';
import type { KeptEntry } from '../../domain/memory-entry.ts';
import { createRelay } from '../../memory/entries/relay.ts';
import { createTierSink, type RelaySink } from '../../memory/entries/relay-sink.ts';
import type { EntryRecord } from '../../memory/entry-ports.ts';
import type { Memory } from '../../memory/ports.ts';
import { openPostgresMemory } from '../../memory/postgres/open-postgres-memory.ts';
import { createPostgresTier } from '../../memory/postgres/postgres-tier.ts';
import { openSqliteMemory } from '../../memory/sqlite/open-sqlite-memory.ts';
import { waitForGo } from '../support/child-processes.ts';
import { createPlainEntries } from '../support/plain-entries.ts';
import { someWork } from './entry-samples.ts';

/** How each record is opened, by its name in the tests. */
const RECORDS: Readonly<Record<string, (place: string) => Promise<Memory>>> = {
  sqlite: (folder) => openSqliteMemory({ folder }),
  postgres: (url) => openPostgresMemory({ url }),
};

const COMMANDS: Readonly<Record<string, (open: () => Promise<Memory>, ...args: string[]) => Promise<unknown>>> = {
  /** Puts that many entries of its own and as many versions of ten shared ones; returns what went wrong. */
  async write(open, name = '', count = '0') {
    const record = await open();
    const problems: string[] = [];
    for (let index = 0; index < Number(count); index += 1) {
      const entry = index % 2 === 0 ? someWork(`${name} ${index}`) : sharedEntry(index % 20, `${name} ${index}`);
      await record.entries.put(entry).catch((error: unknown) => problems.push(String(error)));
      // Between two transactions other work of the process runs, as it does in a service.
      if (index % 100 === 0) await new Promise(setImmediate);
    }
    await record.close();
    return problems;
  },
  /** Puts until it is killed; prints each ID with its version once it is stored. */
  async putForEver(open) {
    const { entries } = await open();
    for (let index = 0; ; index += 1) {
      const { id, version } = await entries.put(sharedEntry(index % 500, `text ${index}`));
      process.stdout.write(`${id} ${version}\n`);
      await new Promise(setImmediate);
    }
  },
  /** Carries to the Postgres at the URL; prints the IDs of what it has delivered, and then holds before it confirms. */
  async deliverAndHold(open, url = '') {
    const { entries: record } = await open();
    const sink = createTierSink(createPostgresTier({ url, report: () => {} }));
    const holding: RelaySink = {
      ...sink,
      async deliver(entries, signal) {
        await sink.deliver(entries, signal);
        process.stdout.write(`${entries.map((entry) => entry.id).join(' ')}\n`);
        await sleep(LONGER_THAN_A_TEST_MS);
      },
    };
    await createRelay({ record, sinks: [holding], report: () => {} }).run(new AbortController().signal);
  },
  /**
   * That many callers ask at once for the same shared entry, which takes so long to compute; prints `asking`, and `computing`
   * each time it is. Tells how often that was, and the different answers.
   */
  async compute(open, name = '', callers = '1', durationMs = String(LONGER_THAN_A_TEST_MS)) {
    const record = await open();
    const entries = createPlainEntries(record);
    let computed = 0;
    const compute = async () => {
      computed += 1;
      process.stdout.write('computing\n');
      await sleep(Number(durationMs));
      return sharedEntry(0, `computed by ${name}`);
    };
    const place = sharedEntry(0, '');
    const asked = Array.from({ length: Number(callers) }, () => entries.getOrCompute(place, compute));
    process.stdout.write('asking\n');
    const answers = (await Promise.all(asked)).map(({ text }) => text);
    await record.close();
    return { computed, answers: [...new Set(answers)], callers: answers.length };
  },
  /** Fills the disk that the place is on, then frees space again; tells what the record did meanwhile. */
  async fillDisk(open, folder = '') {
    const ballast = join(folder, 'ballast');
    writeFileSync(ballast, Buffer.alloc(1024 * 1024));
    const record = await open();
    const { entries } = record;
    await entries.setTargets(['redis']);
    const kept: KeptEntry[] = [];
    const failure = await putUntilFailure(entries, kept);
    const read = await entries.readMany(kept.map((entry) => entry.id));
    const hits = await entries.searchText({ namespace: 'default', kinds: ['work'], text: 'entry', limit: 1000 });
    const waiting = await entries.lag('redis');
    rmSync(ballast);
    const afterwards = await entries.put(largeEntry(kept.length)).catch((error: unknown) => String(error));
    await record.close();
    return { failure, written: kept.length, read: read.length, hits: hits.length, waiting: waiting.rows, afterwards };
  },
};

/** Whoever waits for this is killed before. */
const LONGER_THAN_A_TEST_MS = 600_000;

function sharedEntry(index: number, text: string) {
  return someWork(`shared ${index}`, { text });
}

function largeEntry(index: number) {
  return someWork(`entry ${index}`, { text: `entry ${index} ${'x'.repeat(20_000)}` });
}

async function putUntilFailure(record: EntryRecord, kept: KeptEntry[]): Promise<unknown> {
  try {
    for (;;) kept.push(await record.put(largeEntry(kept.length)));
  } catch (error) {
    return error instanceof SynthesisFailure ? error.toReport() : String(error);
  }
}

const [name = '', recordName = '', place = '', ...args] = process.argv.slice(2);
const command = COMMANDS[name];
const openRecord = RECORDS[recordName];
if (!command || !openRecord) throw new Error(`No command ${name} on a record ${recordName}.`);
await waitForGo();
const outcome = await command(() => openRecord(place), ...args).catch((error: unknown) => ({ failed: String(error) }));
process.stdout.write(`${JSON.stringify(outcome)}\n`);
