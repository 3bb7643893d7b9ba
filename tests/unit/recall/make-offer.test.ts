import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { estimateTokens } from '../../../activities/build-prompt.ts';
import type { RememberingDependencies } from '../../../activities/dependencies.ts';
import { describeOffered } from '../../../activities/prompts/offered-entries.ts';
import { offerLessons } from '../../../activities/recall/offer-lessons.ts';
import { offerWork, SHARE_FOR_WORK } from '../../../activities/recall/offer-work.ts';
import { loadOffered, putJson } from '../../../activities/stored-json.ts';
import { SynthesisFailure } from '../../../domain/failure.ts';
import type { ContentHash, RunId } from '../../../domain/ids.ts';
import type { NewEntry } from '../../../domain/memory-entry.ts';
import type { Offer, OfferedEntry } from '../../../domain/offer.ts';
import type { SynthesisRequest } from '../../../domain/request.ts';
import { hashText } from '../../../memory/content-hash.ts';
import type { EntryMemory } from '../../../memory/entry-ports.ts';
import { createEventWriter, type EventWriter } from '../../../memory/event-writer.ts';
import type { Memory } from '../../../memory/ports.ts';
import { openSqliteMemory } from '../../../memory/sqlite/open-sqlite-memory.ts';
import { createPlainEntries } from '../../support/plain-entries.ts';
import { aRequest, aScope } from '../../support/candidates.ts';
import { loadGood } from '../../support/settings-folder.ts';

let folder: string;
let memory: Memory;
let events: EventWriter;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hydra-offer-'));
  memory = await openSqliteMemory({ folder });
  events = createEventWriter(memory.events);
});

afterEach(async () => {
  await events.close();
  await memory.close();
  rmSync(folder, { recursive: true, force: true });
});

function dependencies(recallTokens = 1_024, change: Partial<EntryMemory> = {}): RememberingDependencies {
  const settings = loadGood({ environment: { HYDRA_RECALL_TOKENS: String(recallTokens) } });
  const entries = { ...createPlainEntries(memory), ...change };
  return { memory, entries, events, settings, promptsVersion: 'test' };
}

function work(request: string, change: Partial<NewEntry> = {}, code = `# ${request}`): NewEntry {
  return {
    namespace: 'default',
    kind: 'work',
    key: hashText(request),
    value: { kind: 'work', language: 'python', request, contract: '', code, tests: '' },
    text: request,
    runId: 'run-old' as RunId,
    expiresAt: null,
    ...change,
  };
}

const PROMPT = 'Write a Python function that parses Roman numerals';
const RUN = 'run-new' as RunId;

async function offer(deps: RememberingDependencies, change: Partial<SynthesisRequest> = {}): Promise<Offer> {
  const request = aRequest({ prompt: PROMPT, ...change });
  return offerWork(deps, { runId: RUN, requestHash: await putJson(memory.artifacts, request) }, request);
}

/** The requests of the work that is offered. */
async function requestsIn({ offeredHash }: Offer): Promise<readonly string[]> {
  return (await entriesIn(offeredHash)).map(({ value }) => (value.kind === 'work' ? value.request : value.error));
}

async function entriesIn(hash: ContentHash | null): Promise<readonly OfferedEntry[]> {
  return hash === null ? [] : loadOffered(memory.artifacts, hash);
}

describe('similar work', () => {
  test('is offered from the namespace and the language of the request alone', async () => {
    const deps = dependencies();
    const inTypeScript = work('Roman numerals in TypeScript');
    await deps.entries.put(work('Roman numerals to numbers'));
    await deps.entries.put(work('Roman numerals of another user', { namespace: 'other' }));
    const value = { ...inTypeScript.value, language: 'typescript' } as NewEntry['value'];
    await deps.entries.put({ ...inTypeScript, value });
    const made = await offer(deps);
    expect(await requestsIn(made)).toEqual(['Roman numerals to numbers']);
    expect(made.note).toMatch(/work [0-9a-f]{64} of run run-old/);
  });

  test('is not what shares only the words of every request for code', async () => {
    const deps = dependencies();
    await deps.entries.put(work('Write a Python function that counts vowels'));
    expect(await offer(deps)).toEqual({ offeredHash: null, note: null });
  });

  test('stays within its tokens; what is too long for the rest is left out whole', async () => {
    const deps = dependencies(400);
    await deps.entries.put(work('Roman numerals, long', {}, 'x = 1\n'.repeat(400)));
    for (let number = 1; number <= 9; number++) await deps.entries.put(work(`Roman numerals number ${number}`));
    const entries = await entriesIn((await offer(deps)).offeredHash);
    expect(entries.length).toBeGreaterThan(0);
    const content = describeOffered(entries, 'with code');
    expect(content).not.toContain('x = 1');
    expect(estimateTokens([{ role: 'user', content }])).toBeLessThanOrEqual(400 * SHARE_FOR_WORK);
  });

  test('is not looked for without tokens, and not for a fresh answer', async () => {
    const search = (): never => {
      throw new Error('Nobody may search.');
    };
    expect(await offer(dependencies(0, { search }))).toEqual({ offeredHash: null, note: null });
    expect(await offer(dependencies(1_024, { search }), { fresh: true })).toEqual({ offeredHash: null, note: null });
  });

  test('is the same for every try of the run, whatever memory has learned meanwhile', async () => {
    const deps = dependencies();
    await deps.entries.put(work('Roman numerals to numbers'));
    const first = await offer(deps);
    await deps.entries.put(work('Roman numerals from numbers'));
    expect(await offer(deps)).toEqual(first);
  });
});

describe('a search', () => {
  test('that does not end is given up after a second, and the result says so', async () => {
    const startedAt = performance.now();
    const made = await offer(dependencies(1_024, { search: () => new Promise(() => {}) }));
    expect(performance.now() - startedAt).toBeLessThan(20_000);
    expect(made).toEqual({
      offeredHash: null,
      note: 'Similar work was not looked up in memory: the search took longer than 1 second.',
    });
  });

  test('that fails offers nothing, and the result says why', async () => {
    const failing = () => Promise.reject(new SynthesisFailure('StoreUnavailable', 'The database is locked.'));
    const made = await offer(dependencies(1_024, { search: failing }));
    expect(made).toEqual({
      offeredHash: null,
      note: 'Similar work was not looked up in memory: The database is locked.',
    });
  });
});

describe('lessons', () => {
  test('are found by the error, wherever it happened', async () => {
    const deps = dependencies();
    const error = 'types: main.py: Argument of type "int" is not assignable to "str"';
    const value = { kind: 'lesson', language: 'python', error, fix: '-x\n+str(x)' } as const;
    const place = { namespace: 'default', kind: 'lesson', key: hashText(error) } as const;
    await deps.entries.put({ ...place, value, text: error, runId: 'run-old' as RunId, expiresAt: null });
    const requestHash = await putJson(memory.artifacts, aRequest());
    const evidence = 'types: /tmp/hydra-x9/main.py:12:5: Argument of type "int" is not assignable to "str"';
    const repair = { scope: aScope({ requestHash }), programHash: hashText('program'), evidence };
    expect(await requestsIn(await offerLessons(deps, repair))).toEqual([error]);
    const other = { ...repair, evidence: 'parse: unexpected indentation' };
    expect(await offerLessons(deps, other)).toEqual({ offeredHash: null, note: null });
  });
});
