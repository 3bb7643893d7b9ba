import { createEntryId } from '../../memory/entry-id.ts';
import type { EntryAnswer, EntryMemory, EntryQuery, TierStatus } from '../../memory/entry-ports.ts';
import type { EntryId, RunId } from '../../domain/ids.ts';
import type { KeptEntry, NewEntry } from '../../domain/memory-entry.ts';
import { hashText } from '../../memory/content-hash.ts';

/** Entries in a map: for what is said of memory on the wire, not for how it keeps things. */
export interface PlainEntries extends EntryMemory {
  /** What the next status says. */
  tiers: readonly TierStatus[];
  /** Why the next answer is less than it could be. */
  degraded: EntryAnswer['degraded'];
  /** What was called beside reading and writing. */
  readonly calls: unknown[];
  readonly queries: EntryQuery[];
}

/** The record alone, as it is without any other setting. */
export const RECORD_ONLY: readonly TierStatus[] = [
  aTier({ tier: 'L1', name: 'redis', state: 'off' }),
  aTier({ tier: 'L2', name: 'sqlite', isRecord: true, latencyMs: 0.2, entries: 2, hitRate: 0.5 }),
  aTier({ tier: 'L3', name: 'postgres', state: 'off' }),
  aTier({ tier: 'L4', name: 'sqlite-vectors', lag: { rows: 0, oldestAt: null, deadLetters: 0 } }),
];

export function aTier(facts: Pick<TierStatus, 'tier' | 'name'> & Partial<TierStatus>): TierStatus {
  return {
    state: 'up',
    isRecord: false,
    detail: '',
    latencyMs: null,
    entries: null,
    hitRate: null,
    lag: null,
    ...facts,
  };
}

export function createPlainEntries(): PlainEntries {
  const kept = new Map<EntryId, KeptEntry>();
  const sorted = () => [...kept.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  const memory: PlainEntries = {
    tiers: RECORD_ONLY,
    degraded: [],
    calls: [],
    queries: [],
    get: async (place) => kept.get(createEntryId(place)),
    find: async (id) => kept.get(id),
    async put(entry) {
      const id = createEntryId(entry);
      const before = kept.get(id);
      const at = '2026-01-01T00:00:00.000Z';
      const stored: KeptEntry = {
        ...entry,
        id,
        isDeleted: false,
        version: (before?.version ?? 0) + 1,
        createdAt: before?.createdAt ?? at,
        updatedAt: at,
      };
      kept.set(id, stored);
      return stored;
    },
    remove: async (id) => kept.delete(id),
    getOrCompute: async (place, compute) => kept.get(createEntryId(place)) ?? memory.put(await compute()),
    async search(query) {
      memory.queries.push(query);
      const found = sorted().filter(
        ({ namespace, kind, text }) =>
          namespace === query.namespace && query.kinds.some((one) => one === kind) && text.includes(query.text),
      );
      return {
        found: found.map((entry) => ({ entry, score: 0.5, foundBy: ['text' as const], distance: null })),
        degraded: memory.degraded,
      };
    },
    status: async () => memory.tiers,
    async rebuild() {
      memory.calls.push('rebuild');
    },
    async retain(retention, dryRun) {
      memory.calls.push({ retention, dryRun });
      return { expired: 1, aged: 2, overLimit: 3, tombstones: 4 };
    },
    async *list({ namespace, kinds, runId, after }) {
      const listed = sorted().filter(
        (entry) =>
          (namespace === undefined || entry.namespace === namespace) &&
          (kinds === undefined || kinds.includes(entry.kind)) &&
          (runId === undefined || entry.runId === runId) &&
          (after === undefined || entry.id > after),
      );
      yield* listed;
    },
    async adopt(entry) {
      const isNews = (kept.get(entry.id)?.version ?? 0) < entry.version;
      if (isNews) kept.set(entry.id, entry);
      return isNews;
    },
  };
  return memory;
}

/** Verified work for a request in these words. */
export function aWork(request: string, changes: Partial<NewEntry> = {}): NewEntry {
  return {
    namespace: 'default',
    kind: 'work',
    key: hashText(request),
    value: { kind: 'work', language: 'python', request, contract: '', code: 'def f(): ...', tests: 'f() == 1' },
    text: request,
    runId: 'run-1' as RunId,
    expiresAt: null,
    ...changes,
  };
}
