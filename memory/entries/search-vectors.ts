import type {
  Degradation,
  Embedder,
  EntryRecord,
  TextQuery,
  VectorHit,
  VectorIndex,
  VectorQuery,
} from '../entry-ports.ts';
import type { KeepQuestion } from './keep-question.ts';
import { orderIndexes } from './order-indexes.ts';
import { refillWhenEmpty } from './refill-index.ts';
import type { TierGuard } from './tier-guard.ts';
import { withinDeadline } from './within-deadline.ts';

/** What the vectors say, and why it is less than it could be. */
export interface VectorAnswer {
  /** Nearest first. */
  readonly hits: readonly VectorHit[];
  readonly degraded: readonly Degradation[];
}

/** Finds entries by what they mean. Errors: only those of the record. */
export type SearchVectors = (query: TextQuery) => Promise<VectorAnswer>;

/** An index behind its guard. */
export interface GuardedIndex {
  readonly name: VectorIndex['name'];
  readonly index: VectorIndex;
  readonly guard: TierGuard;
}

export interface VectorSearchOptions {
  readonly record: EntryRecord;
  /** The best first: each is asked only when those before it do not answer. */
  readonly indexes: readonly GuardedIndex[];
  readonly embedder: Embedder;
  /** Absent: a question is embedded whenever it is asked. */
  readonly keepQuestion?: KeepQuestion;
  /** For the embedding of the question and the first index that is asked, together. */
  readonly deadlineMs: number;
}

/** After an index that did not answer, the next one gets at least so much: what lies in this process needs less. */
const LEAST_DEADLINE_MS = 50;
/** A model that is not in memory is loaded while nobody waits any more, and the next question finds it there. */
const EMBED_TIMEOUT_MS = 30_000;

/** Searches the vectors of whichever index answers in time. */
export function createVectorSearch(options: VectorSearchOptions): SearchVectors {
  const { record, indexes, deadlineMs } = options;
  return async (query) => {
    if (query.text.trim() === '' || query.kinds.length === 0) return { hits: [], degraded: [] };
    if (indexes.length === 0) return nothing('no-vectors');
    const endMs = performance.now() + deadlineMs;
    const vector = await embedQuestion(options, query);
    if (typeof vector === 'string') return nothing(vector);
    const asked = { namespace: query.namespace, kinds: query.kinds, limit: query.limit, vector };
    for (const { index: guarded, isReady } of await orderIndexes(record, indexes)) {
      const leftMs = Math.max(LEAST_DEADLINE_MS, endMs - performance.now());
      const attempt = await guarded.guard.attempt(
        ({ signal }) => searchFilled(record, guarded.index, asked, signal),
        leftMs,
      );
      if (!attempt.isAnswered || attempt.value === 'empty') continue;
      return { hits: attempt.value, degraded: describeAnswer(guarded.name, isReady) };
    }
    return nothing('no-vectors');
  };
}

function nothing(reason: Degradation): VectorAnswer {
  return { hits: [], degraded: [reason] };
}

function describeAnswer(name: VectorIndex['name'], isReady: boolean): readonly Degradation[] {
  const behind: readonly Degradation[] = isReady ? [] : ['vectors-not-ready'];
  return name === 'sqlite-vectors' ? [...behind, 'vectors-in-sqlite'] : behind;
}

async function embedQuestion(
  { embedder, keepQuestion, deadlineMs }: VectorSearchOptions,
  { namespace, text }: TextQuery,
): Promise<Float32Array | Degradation> {
  const embed = async (): Promise<Float32Array> => {
    const [vector] = await embedder.embed([text], AbortSignal.timeout(EMBED_TIMEOUT_MS));
    return vector ?? Promise.reject(new Error('the question has no vector'));
  };
  const find = async (): Promise<Float32Array | Degradation> => {
    const model = await embedder.model();
    if (model === null) return 'no-embedding-model';
    return keepQuestion === undefined ? embed() : keepQuestion({ namespace, text, model }, embed);
  };
  return withinDeadline(find, deadlineMs).catch(() => 'vectors-not-ready');
}

/** An index that lost everything has no answer; that it is filled again is seen to. */
async function searchFilled(
  record: EntryRecord,
  index: VectorIndex,
  query: VectorQuery,
  signal: AbortSignal,
): Promise<readonly VectorHit[] | 'empty'> {
  const hits = await index.search(query, signal);
  if (hits.length > 0) return hits;
  return (await refillWhenEmpty(record, index, query.vector.length, signal)) ? 'empty' : hits;
}
