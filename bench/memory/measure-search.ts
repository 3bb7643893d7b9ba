import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { VectorIndex } from '../../memory/entry-ports.ts';
import { createChromaVectorIndex } from '../../memory/chroma/chroma-vector-index.ts';
import { openSqliteVectorIndex } from '../../memory/sqlite/sqlite-vector-index.ts';
import { mean } from '../statistics.ts';
import { openExactSearch, searchChromaBare, type BareSearch } from './bare-search.ts';
import { makeQuestion, makeVector, makeVectorId } from './made-vectors.ts';
import type { ReadBench } from './measure-reads.ts';
import { takeTurns, type Timing } from './take-turns.ts';

/** Searches for the ten nearest entries, beside the bare driver and an exact search. */
export interface SearchMeasurement {
  readonly name: VectorIndex['name'];
  readonly bareName: string;
  readonly vectors: number;
  /** Of filling it, without the making of the vectors. */
  readonly fillSeconds: number;
  readonly ours: Timing;
  readonly bare: Timing;
  /** Share of the ten truly nearest that were found. */
  readonly recall: number;
}

const SEED = 1;
const PLACE = { namespace: 'bench', kind: 'work' } as const;
const NEAREST = 10;
const BATCH = 200;
const MODEL = 'made-up:latest';

/** Fills Chroma, the index in SQLite and a plain table with the same vectors, and asks all of them the same questions. */
export async function measureSearches(bench: ReadBench): Promise<readonly SearchMeasurement[]> {
  const { servers, plan, report } = bench;
  const folder = await mkdtemp(join(bench.folder, 'search-'));
  const chroma = createChromaVectorIndex({ identity: 'made-up', url: servers.chroma.url, model: MODEL });
  const own = await openSqliteVectorIndex({ folder, model: MODEL });
  if (own.index === null) throw new Error(own.problem);
  const exact = openExactSearch(folder);
  const indexes = [chroma, own.index];
  report(`filling Chroma and SQLite with ${plan.vectors} vectors`);
  const seconds = await fill(indexes, exact, plan.vectors);
  const bareChroma = await searchChromaBare(servers.chroma.url);
  const sides = [
    { index: chroma, bare: bareChroma, bareName: 'chromadb' },
    { index: own.index, bare: exact, bareName: 'sqlite-vec, every vector' },
  ];
  const measured: SearchMeasurement[] = [];
  for (const [place, { index, bare, bareName }] of sides.entries()) {
    report(`searching ${index.name}`);
    const recall = await measureRecall(index, exact, plan.vectors, plan.searches);
    const turns = { rounds: 2, calls: Math.ceil(plan.searches / 2) };
    const [ours, bareTiming] = await takeTurns(
      [
        (at) => searchIndex(index, question(at, plan.vectors)),
        (at) => bare.search(question(at, plan.vectors), NEAREST),
      ],
      turns,
    );
    const facts = { name: index.name, bareName, vectors: plan.vectors, fillSeconds: seconds[place] ?? 0 };
    measured.push({ ...facts, ours, bare: bareTiming, recall });
  }
  exact.close();
  await Promise.all(indexes.map((index) => index.close()));
  return measured;
}

async function fill(indexes: readonly VectorIndex[], exact: BareSearch, count: number): Promise<readonly number[]> {
  const taken = indexes.map(() => 0);
  for (let first = 0; first < count; first += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, count - first) }, (_, offset) => ({
      ...PLACE,
      id: makeVectorId(first + offset),
      version: 1,
      vector: makeVector(SEED, first + offset, count),
    }));
    exact.add?.(batch);
    for (const [place, index] of indexes.entries()) {
      const startedAt = performance.now();
      await index.upsert(batch, AbortSignal.timeout(120_000));
      taken[place] = (taken[place] ?? 0) + (performance.now() - startedAt) / 1000;
    }
  }
  return taken;
}

/** Made before, so that only the search is timed. */
const questions = new Map<number, Float32Array>();

function question(index: number, count: number): Float32Array {
  const made = questions.get(index) ?? makeQuestion(SEED, (index * 37) % count, count);
  questions.set(index, made);
  return made;
}

async function searchIndex(index: VectorIndex, vector: Float32Array): Promise<readonly string[]> {
  const { namespace, kind } = PLACE;
  const query = { namespace, kinds: [kind], vector, limit: NEAREST };
  return (await index.search(query, AbortSignal.timeout(60_000))).map(({ id }) => id);
}

async function measureRecall(index: VectorIndex, exact: BareSearch, count: number, searches: number): Promise<number> {
  const shares: number[] = [];
  // All questions that are asked later are made here.
  for (let at = 0; at < 2 * searches; at += 1) {
    const vector = question(at, count);
    if (at >= searches) continue;
    const nearest = new Set(await exact.search(vector, NEAREST));
    const found = await searchIndex(index, vector);
    shares.push(found.filter((id) => nearest.has(id)).length / nearest.size);
  }
  return mean(shares);
}
