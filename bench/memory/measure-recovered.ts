import type { MemoryEntry } from '../../domain/memory-entry.ts';
import { readPostgresBare } from './bare-calls.ts';
import { makeEntry, makeMissingId } from './made-entries.ts';
import type { ReadBench, ReadMeasurement } from './measure-reads.ts';
import { openWhole } from './open-whole.ts';
import { takeTurns } from './take-turns.ts';

const SIZE_BYTES = 1_000;
/** As many as the relay writes at once. */
const BATCH = 200;

/** Hits that only the long-term copy has, each for the first time: the record takes them in, so that the next is its own. */
export async function measureRecovered({ servers, folder, plan, report }: ReadBench): Promise<ReadMeasurement> {
  report('whole, only Postgres has it');
  const postgresUrl = await servers.postgres.createDatabase();
  const whole = await openWhole({ folder, postgresUrl });
  const bare = readPostgresBare(postgresUrl, 'entry_copies');
  try {
    const turns = { rounds: Math.ceil(plan.rounds / 2), calls: Math.ceil(plan.calls / 2) };
    const entries = await makeElsewhere(folder, turns.calls * (turns.rounds + 1));
    for (let first = 0; first < entries.length; first += BATCH) {
      await whole.postgres!.write(entries.slice(first, first + BATCH), AbortSignal.timeout(60_000));
    }
    const idOf = (index: number) => entries[index]?.id ?? makeMissingId(index);
    const recover = async (index: number): Promise<void> => {
      if ((await whole.entries.find(idOf(index))) === undefined) throw new Error('Postgres did not give what it has.');
    };
    const [ours, bareTiming] = await takeTurns([recover, (index) => bare.read(idOf(index))], turns);
    const facts = { part: 'whole', name: 'SQLite lacks it, Postgres has it', bareName: 'pg' } as const;
    return { ...facts, sizeBytes: SIZE_BYTES, outcome: 'hit', ours, bare: bareTiming };
  } finally {
    await bare.close();
    await whole.close();
  }
}

/** What another record wrote. */
async function makeElsewhere(folder: string, count: number): Promise<readonly MemoryEntry[]> {
  const other = await openWhole({ folder });
  try {
    const made: MemoryEntry[] = [];
    for (let index = 0; index < count; index += 1)
      made.push(await other.entries.put(makeEntry(`elsewhere ${index}`, SIZE_BYTES)));
    return made;
  } finally {
    await other.close();
  }
}
