import type { Embedder, EntryRecord, RelayLag, TierStatus, VectorIndex } from '../entry-ports.ts';
import type { KeepQuestion } from './keep-question.ts';
import { createVectorSearch, type GuardedIndex, type SearchVectors } from './search-vectors.ts';
import { createTierGuard, type TierSight } from './tier-guard.ts';
import type { VectorTier } from './tiered-entries.ts';
import { withinDeadline } from './within-deadline.ts';

/** L4 with its search: the indexes of vectors, whichever of them is in use. */
export interface SearchedVectorTier extends VectorTier {
  readonly search: SearchVectors;
}

export interface VectorTierOptions {
  readonly record: EntryRecord;
  /** The best first; none where no index can be had. */
  readonly indexes: readonly VectorIndex[];
  /** Why SQLite cannot hold vectors on this machine; null when it does, or is not meant to. */
  readonly problem: string | null;
  readonly embedder: Embedder;
  /** Absent: a question is embedded whenever it is asked. */
  readonly keepQuestion?: KeepQuestion;
  readonly report: (sentence: string) => void;
  readonly deadlineMs?: number;
}

/** Half of it for the question's embedding, half for a search over the network. */
const DEADLINE_MS = 500;
/** Somebody looks at the status and waits. */
const COUNT_DEADLINE_MS = 1_000;
/** Removing a collection of 100,000 vectors takes seconds. */
const WIPE_DEADLINE_MS = 60_000;

const TITLES = { chroma: 'Chroma', 'sqlite-vectors': 'The search for vectors in SQLite' } as const;

/** Puts each index behind a guard of its own. */
export function createVectorTier(options: VectorTierOptions): SearchedVectorTier {
  const { record, report, deadlineMs = DEADLINE_MS } = options;
  const indexes = options.indexes.map((index): GuardedIndex => {
    const ping = (signal: AbortSignal): Promise<void> => index.ping(signal);
    const guard = createTierGuard({ name: TITLES[index.name], ping, deadlineMs, report });
    return { name: index.name, index, guard };
  });
  return {
    search: createVectorSearch({ ...options, indexes, deadlineMs }),
    status: () => describeVectors(options, indexes),
    async rebuild() {
      for (const { name, index } of indexes) {
        // What cannot be emptied now is brought up to date by what comes.
        await withinDeadline(({ signal }) => index.wipe(signal), WIPE_DEADLINE_MS).catch(() => {});
        await record.restart(name);
      }
    },
  };
}

/** What can be seen of the vectors now. Never rejects. */
async function describeVectors(
  { record, embedder, problem }: VectorTierOptions,
  [first, ...others]: readonly GuardedIndex[],
): Promise<TierStatus> {
  if (first === undefined)
    return problem === null ? NO_CHROMA : { ...WITHOUT_INDEX, detail: `${problem} Only words are searched.` };
  const sight = await first.guard.look();
  // Which hosts there are stands in the record, too; that the record is down is told by itself.
  const model = await embedder.model().catch(() => undefined);
  const replacement = sight.isUp ? undefined : await findReplacement(others);
  // One that did not answer would not answer again, and people have waited once.
  const count = sight.isUp ? withinDeadline(({ signal }) => first.index.count(signal), COUNT_DEADLINE_MS) : null;
  const entries = (await count?.catch(() => null)) ?? null;
  const lag: RelayLag | null = await record.lag(first.name).catch(() => null);
  return {
    ...WITHOUT_INDEX,
    name: first.name,
    state: sight.isUp ? 'up' : 'down',
    detail: [sight.reason, describeUse(sight, replacement, model)].filter((part) => part !== '').join(' '),
    latencyMs: sight.latencyMs,
    entries,
    lag,
  };
}

const WITHOUT_INDEX: TierStatus = {
  tier: 'L4',
  name: 'sqlite-vectors',
  state: 'down',
  isRecord: false,
  detail: '',
  latencyMs: null,
  entries: null,
  hitRate: null,
  lag: null,
};

/** A record that several machines share has no file beside it that one of them would fill. */
const NO_CHROMA: TierStatus = {
  ...WITHOUT_INDEX,
  name: 'chroma',
  state: 'off',
  detail: 'With Postgres as the record, vectors need a Chroma server (CHROMA_URL). Only words are searched.',
};

async function findReplacement(others: readonly GuardedIndex[]): Promise<GuardedIndex | undefined> {
  for (const other of others) if ((await other.guard.look()).isUp) return other;
  return undefined;
}

/** A model of undefined is not known. */
function describeUse(
  sight: TierSight,
  replacement: GuardedIndex | undefined,
  model: string | null | undefined,
): string {
  if (model === null) return 'No host has the embedding model: only words are searched.';
  if (sight.isUp) return '';
  return replacement === undefined ? 'Only words are searched.' : 'Vectors are searched in SQLite.';
}
