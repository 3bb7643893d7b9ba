import type { EntryId } from '../../domain/ids.ts';
import type { KeptEntry } from '../../domain/memory-entry.ts';
import type { EntryMemory } from '../../memory/entry-ports.ts';
import { readPostgresBare, readRedisBare, readSqliteBare, type BareReader } from './bare-calls.ts';
import type { BenchServers } from './bench-servers.ts';
import { makeEntry, makeMissingId } from './made-entries.ts';
import { openWhole, type Whole, type WholePlan } from './open-whole.ts';
import type { MemoryPlan } from './plan.ts';
import { takeTurns, type Timing } from './take-turns.ts';

/** One way of reading, beside the bare call of the same server. */
export interface ReadMeasurement {
  /** `whole` is what the rest of Hydra calls: all tiers together. */
  readonly part: 'tier' | 'whole';
  readonly name: string;
  /** Which server is called by the bare driver. */
  readonly bareName: string;
  readonly sizeBytes: number;
  readonly outcome: 'hit' | 'miss';
  readonly ours: Timing;
  readonly bare: Timing;
}

export interface ReadBench {
  readonly servers: BenchServers;
  readonly folder: string;
  readonly plan: MemoryPlan;
  readonly report: (sentence: string) => void;
}

/** One kind of reading. */
interface ReadCase {
  readonly part: ReadMeasurement['part'];
  readonly name: string;
  readonly bareName: string;
  readonly read: (id: EntryId) => Promise<unknown>;
  readonly bare: BareReader;
}

/** As many as are read in turn: enough that no single one is special. */
const KEYS = 50;

/** Reads hits and misses of every tier and of the whole. */
export async function measureReads(bench: ReadBench): Promise<readonly ReadMeasurement[]> {
  return [
    ...(await measureAround(bench, 'SQLite', {}, (whole) => [
      ...tierCase(whole, 'SQLite, the record', 'better-sqlite3', readSqliteBare(whole.folder)),
      wholeCase(whole.entries, 'SQLite alone', 'better-sqlite3', readSqliteBare(whole.folder)),
    ])),
    ...(await measureAround(bench, 'Redis', { redisUrl: bench.servers.redis.url }, async (whole) => {
      const bare = await readRedisBare(bench.servers.redis.url);
      return [
        { part: 'tier', name: 'Redis', bareName: 'ioredis', read: (id) => whole.redis!.read(id, patience()), bare },
        wholeCase(whole.entries, 'Redis before SQLite', 'ioredis', bare),
      ];
    })),
    ...(await measurePostgres(bench)),
  ];
}

async function measurePostgres(bench: ReadBench): Promise<readonly ReadMeasurement[]> {
  const copyUrl = await bench.servers.postgres.createDatabase();
  const recordUrl = await bench.servers.postgres.createDatabase();
  const hotUrl = bench.servers.redis.url;
  return [
    ...(await measureAround(bench, 'Postgres', { postgresUrl: copyUrl }, (whole) => [
      {
        part: 'tier',
        name: 'Postgres, a copy',
        bareName: 'pg',
        read: (id) => whole.postgres!.read(id, patience()),
        bare: readPostgresBare(copyUrl, 'entry_copies'),
      },
    ])),
    ...(await measureAround(bench, 'Postgres as the record', { recordUrl }, (whole) => [
      ...tierCase(whole, 'Postgres, the record', 'pg', readPostgresBare(recordUrl, 'entries')),
      wholeCase(whole.entries, 'Postgres alone', 'pg', readPostgresBare(recordUrl, 'entries')),
    ])),
    ...(await measureAround(bench, 'Redis before Postgres', { recordUrl, redisUrl: hotUrl }, async (whole) => [
      wholeCase(whole.entries, 'Redis before Postgres', 'ioredis', await readRedisBare(hotUrl)),
    ])),
  ];
}

function tierCase(whole: Whole, name: string, bareName: string, bare: BareReader): readonly ReadCase[] {
  return [{ part: 'tier', name, bareName, read: (id) => whole.record.read(id), bare }];
}

function wholeCase(entries: EntryMemory, name: string, bareName: string, bare: BareReader): ReadCase {
  return { part: 'whole', name, bareName, read: (id) => entries.find(id), bare };
}

/** A tier that is asked by itself has no deadline here; the whole has its own. */
function patience(): AbortSignal {
  return AbortSignal.timeout(60_000);
}

/** Fills a whole with entries of each size, then times every case on them. */
async function measureAround(
  { folder, plan, report }: ReadBench,
  title: string,
  servers: Omit<WholePlan, 'folder'>,
  createCases: (whole: Whole) => readonly ReadCase[] | Promise<readonly ReadCase[]>,
): Promise<readonly ReadMeasurement[]> {
  const whole = await openWhole({ folder, ...servers });
  const measured: ReadMeasurement[] = [];
  try {
    const filled = new Map<number, readonly EntryId[]>();
    for (const sizeBytes of plan.sizesBytes) filled.set(sizeBytes, await fill(whole, title, sizeBytes));
    await whole.settle();
    const cases = await createCases(whole);
    for (const [sizeBytes, ids] of filled) {
      for (const one of cases) {
        report(`${one.part} ${one.name}, ${sizeBytes / 1000} kB`);
        measured.push(...(await measureCase(one, sizeBytes, ids, plan)));
      }
    }
    for (const { bare } of cases) await bare.close();
  } finally {
    await whole.close();
  }
  return measured;
}

async function fill({ entries }: Whole, title: string, sizeBytes: number): Promise<readonly EntryId[]> {
  const ids: EntryId[] = [];
  for (let index = 0; index < KEYS; index += 1) {
    const kept: KeptEntry = await entries.put(makeEntry(`${title} ${sizeBytes} ${index}`, sizeBytes));
    ids.push(kept.id);
  }
  return ids;
}

async function measureCase(
  { part, name, bareName, read, bare }: ReadCase,
  sizeBytes: number,
  ids: readonly EntryId[],
  plan: MemoryPlan,
): Promise<readonly ReadMeasurement[]> {
  const facts = { part, name, bareName, sizeBytes };
  const idOf = (index: number): EntryId => ids[index % ids.length] ?? makeMissingId(index);
  await requireHit(read, idOf(0), name);
  const hits = await takeTurns([(index) => read(idOf(index)), (index) => bare.read(idOf(index))], plan);
  const hit = { ...facts, outcome: 'hit', ours: hits[0], bare: hits[1] } as const;
  // What is not there has no size.
  if (sizeBytes !== plan.sizesBytes[0]) return [hit];
  const missing = [read, (id: EntryId) => bare.read(id)].map((call) => (index: number) => call(makeMissingId(index)));
  const misses = await takeTurns([missing[0]!, missing[1]!], plan);
  return [hit, { ...facts, outcome: 'miss', ours: misses[0], bare: misses[1] }];
}

/** A bench of misses that are meant to be hits would look fast. */
async function requireHit(read: ReadCase['read'], id: EntryId, name: string): Promise<void> {
  if ((await read(id)) === undefined) throw new Error(`${name} does not have what was written.`);
}
