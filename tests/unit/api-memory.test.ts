import { ReadableStream } from 'node:stream/web';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Problem } from '../../api/problem.ts';
import type { WireEntry, WireEntryList } from '../../api/wire-entry.ts';
import type { WireImportReport, WireMemoryAnswer, WireMemoryStatus } from '../../api/wire-memory.ts';
import type { KeptEntry } from '../../domain/memory-entry.ts';
import { SynthesisFailure } from '../../domain/failure.ts';
import { hashText } from '../../memory/content-hash.ts';
import { openApi, storeResult, TEST_SETTINGS, type OpenedApi } from '../support/api-harness.ts';
import { aTier, aWork } from '../support/entry-memory.ts';

let opened: OpenedApi;
beforeEach(async () => {
  opened = await openApi();
});
afterEach(async () => {
  expect(opened.errors).toEqual([]);
  await opened.close();
});

const send = (path: string, init?: RequestInit) => opened.api.request(path, init);

async function get<Body>(path: string): Promise<Body> {
  const response = await send(path);
  expect(response.status).toBe(200);
  return (await response.json()) as Body;
}

/** Field and value of the one rule that a request breaks. */
async function refusalOf(path: string, method = 'GET') {
  const response = await send(path, { method });
  const problem = (await response.json()) as Problem;
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  return { status: response.status, code: problem.code, errors: problem.errors };
}

const importLines = (body: string, type = 'application/jsonl') =>
  send('/memory/import', { method: 'POST', body, headers: { 'content-type': type } });

describe('GET /memory/status', () => {
  it('tells of each tier all that is known of it', async () => {
    const lag = { rows: 3, oldestAt: '2026-01-01T00:00:00.000Z', deadLetters: 1 };
    opened.entries.tiers = [
      aTier({ tier: 'L1', name: 'redis', state: 'down', detail: 'refused', latencyMs: 1.5, lag }),
    ];
    expect(await get<WireMemoryStatus>('/memory/status')).toEqual({
      tiers: [
        {
          tier: 'L1',
          name: 'redis',
          state: 'down',
          is_record: false,
          detail: 'refused',
          latency_ms: 1.5,
          entries: null,
          hit_rate: null,
          lag: { rows: 3, oldest_at: '2026-01-01T00:00:00.000Z', dead_letters: 1 },
        },
      ],
    });
  });
});

describe('GET /memory/search', () => {
  it('gives entries with how they were found and where they come from, and why there may be more', async () => {
    const { id } = await opened.entries.put(aWork('\n  slugify a title\nwith dashes'));
    opened.entries.degraded = ['vectors-in-sqlite'];
    const answer = await get<WireMemoryAnswer>('/memory/search?q=slugify');
    expect(answer).toMatchObject({
      found: [
        {
          score: 0.5,
          found_by: ['text'],
          distance: null,
          entry: {
            id,
            namespace: 'default',
            kind: 'work',
            version: 1,
            title: 'slugify a title',
            workflow_id: 'run-1',
            value: { kind: 'work', language: 'python', code: 'def f(): ...' },
          },
        },
      ],
      degraded: ['vectors-in-sqlite'],
    });
  });

  it('asks for both kinds in the default namespace by words and meaning, unless told otherwise', async () => {
    await get('/memory/search?q=a');
    await get('/memory/search?q=a&namespace=research/mona&kind=lesson&mode=text&limit=3');
    expect(opened.entries.queries).toEqual([
      { text: 'a', namespace: 'default', kinds: ['work', 'lesson'], mode: 'hybrid', limit: 10 },
      { text: 'a', namespace: 'research/mona', kinds: ['lesson'], mode: 'text', limit: 3 },
    ]);
  });

  it('takes expressions of a query language for words', async () => {
    const words = `"a" OR 1=1; DROP TABLE entries --`;
    await get(`/memory/search?q=${encodeURIComponent(words)}`);
    expect(opened.entries.queries[0]?.text).toBe(words);
  });
});

describe('a filter that breaks a rule', () => {
  it.each([
    ["/memory/search?q=a&namespace=x'; DROP TABLE entries; --", 'namespace'],
    ['/memory/search?q=a&namespace=../../etc/passwd', 'namespace'],
    ['/memory/search?q=a&namespace=Research', 'namespace'],
    ['/memory/search?q=a&namespace=a&namespace=b', 'namespace'],
    ['/memory/search?q=a&kind=answer', 'kind'],
    ["/memory/search?q=a&kind=work' OR '1'='1", 'kind'],
    ['/memory/search?q=a&mode=sql', 'mode'],
    ['/memory/search?q=a&limit=1000000', 'limit'],
    ['/memory/search?q=a&limit=1;select', 'limit'],
    ['/memory/search?q=%00', 'q'],
    ['/memory/search?q=%20', 'q'],
    ['/memory/search', 'q'],
    ['/memory/search?q=a&namespace->>0=x', 'namespace->>0'],
    ["/memory/entries?namespace=a'b", 'namespace'],
    ['/memory/entries?kind=*', 'kind'],
    ["/memory/entries?cursor=' OR 1=1", 'cursor'],
    ['/memory/entries?limit=0', 'limit'],
    ['/memory/entries?run=a%00', 'run'],
    ['/memory/entries/..%2f..%2fetc', 'id'],
    ["/memory/entries/1'%20OR%20'1'='1", 'id'],
    ['/memory/export?namespace=%00', 'namespace'],
    ['/memory/export?limit=1', 'limit'],
  ])('is refused with 400, by its name: %s', async (path, field) => {
    const { status, code, errors } = await refusalOf(path);
    expect({ status, code, fields: errors?.map((error) => error.field) }).toEqual({
      status: 400,
      code: 'FilterRejected',
      fields: [field],
    });
    expect(errors?.every(({ rule, value }) => rule !== '' && value !== '')).toBe(true);
    expect(opened.entries.queries).toEqual([]);
  });

  it.each([
    ['DELETE', '/memory/entries/;rm', 'id'],
    ['POST', '/memory/gc?dry_run=yes', 'dry_run'],
    ['POST', '/memory/gc?dryrun=true', 'dryrun'],
  ])('is refused for %s %s, too', async (method, path, field) => {
    expect(await refusalOf(path, method)).toMatchObject({ status: 400, errors: [{ field }] });
    expect(opened.entries.calls).toEqual([]);
  });
});

describe('one entry', () => {
  it('is shown by its ID, and by the beginning of it', async () => {
    const { id } = await opened.entries.put(aWork('a'));
    const entry = await get<WireEntry>(`/memory/entries/${id}`);
    expect(entry).toMatchObject({ id, key: hashText('a'), text: 'a', expires_at: null });
    expect(await get(`/memory/entries/${id.slice(0, 8)}`)).toEqual(entry);
  });

  it('of another kind is shown as what it is', async () => {
    const result = await storeResult(opened.memory);
    const texts = { [result.programHash!]: (await opened.memory.artifacts.getText(result.programHash!))! };
    const answer = await opened.entries.put(aWork('a', { kind: 'answer', value: { kind: 'answer', result, texts } }));
    expect(await get(`/memory/entries/${answer.id}`)).toMatchObject({
      kind: 'answer',
      title: 'verified python in main.py',
      value: { kind: 'answer', result: { state: 'verified', code: 'def fib(n):\n    return n\n' } },
    });
    const value = { kind: 'embedding', model: 'm', vector: [1, 2] } as const;
    const vector = await opened.entries.put(aWork('a', { kind: 'embedding', value }));
    expect(await get(`/memory/entries/${vector.id}`)).toMatchObject({ title: '2 dimensions of m', value });
  });

  it('whose ID begins like that of another has to be named with more', async () => {
    const { id } = await opened.entries.put(aWork('a'));
    const twin = { ...(await opened.entries.find(id))!, id: `${id.slice(0, 20)}${'f'.repeat(44)}` } as KeptEntry;
    await opened.entries.adopt({ ...twin });
    expect(await refusalOf(`/memory/entries/${id.slice(0, 12)}`)).toMatchObject({
      status: 400,
      errors: [{ field: 'id', rule: 'must be longer: several entries begin so' }],
    });
  });

  it('is deleted once; what is not there is 404', async () => {
    const { id } = await opened.entries.put(aWork('a'));
    const remove = () => send(`/memory/entries/${id}`, { method: 'DELETE' });
    const first = await remove();
    expect([first.status, await first.text()]).toEqual([204, '']);
    expect((await remove()).status).toBe(404);
    for (const path of [`/memory/entries/${id}`, `/memory/entries/${id.slice(0, 8)}`]) {
      expect(await refusalOf(path)).toMatchObject({ status: 404, code: 'EntryNotFound' });
    }
  });
});

describe('GET /memory/entries', () => {
  it('gives all of them page by page, once', async () => {
    for (let index = 0; index < 5; index += 1) await opened.entries.put(aWork(`task ${index}`));
    const seen: string[] = [];
    let cursor = '';
    for (let page = 0; page < 3; page += 1) {
      const list = await get<WireEntryList>(`/memory/entries?limit=2${cursor}`);
      seen.push(...list.entries.map(({ title }) => title));
      expect(list.next_cursor === null).toBe(page === 2);
      cursor = `&cursor=${list.next_cursor}`;
    }
    expect(seen.toSorted()).toEqual(['task 0', 'task 1', 'task 2', 'task 3', 'task 4']);
  });

  it('gives those of one namespace and one kind', async () => {
    await opened.entries.put(aWork('mine', { namespace: 'mona' }));
    await opened.entries.put(aWork('yours'));
    expect((await get<WireEntryList>('/memory/entries?namespace=mona')).entries.map(({ title }) => title)).toEqual([
      'mine',
    ]);
    expect((await get<WireEntryList>('/memory/entries?kind=lesson')).entries).toEqual([]);
  });
});

describe('GET /memory/export and POST /memory/import', () => {
  it('carry everything into another memory', async () => {
    for (const name of ['a', 'b']) await opened.entries.put(aWork(name));
    const response = await send('/memory/export');
    expect(response.headers.get('content-type')).toBe('application/jsonl');
    const text = await response.text();
    expect(text.split('\n')).toHaveLength(3);
    const other = await openApi();
    const init = { method: 'POST', body: text, headers: { 'content-type': 'application/x-ndjson' } };
    const first = await other.api.request('/memory/import', init);
    expect(await first.json()).toEqual({ adopted: 2, known: 0, refused: 0, problems: [] });
    expect(await (await other.api.request('/memory/import', init)).json()).toMatchObject({ adopted: 0, known: 2 });
    await other.close();
  });

  it('name each line that is no entry by its number, and take in the others', async () => {
    await opened.entries.put(aWork('a'));
    const line = await (await send('/memory/export')).text();
    await opened.entries.remove((JSON.parse(line) as KeptEntry).id);
    const response = await importLines(`{"half":\n${line}{"id":"../../x"}\n`);
    expect(response.status).toBe(200);
    const report = (await response.json()) as WireImportReport;
    expect(report).toMatchObject({ adopted: 1, refused: 2 });
    expect(report.problems.map(({ line }) => line)).toEqual([1, 3]);
  });

  it('take more than other bodies may hold', async () => {
    await opened.entries.put(aWork('a'));
    const line = await (await send('/memory/export')).text();
    const count = Math.ceil((2 * TEST_SETTINGS.maxBodyBytes) / line.length);
    expect(await (await importLines(line.repeat(count))).json()).toMatchObject({ known: count, refused: 0 });
  });

  it('refuse what is not declared as JSON Lines, as a page of another site would send it', async () => {
    for (const type of ['text/plain', 'application/json', 'application/x-www-form-urlencoded']) {
      expect((await importLines('{}', type)).status).toBe(415);
    }
  });

  it('take in what came of a body that breaks off, and call it no fault of the service', async () => {
    await opened.entries.put(aWork('a'));
    const line = await (await send('/memory/export')).text();
    const pieces = async function* () {
      yield new TextEncoder().encode(line);
      throw new Error('aborted');
    };
    const body = ReadableStream.from(pieces());
    const headers = { 'content-type': 'application/jsonl' };
    const response = await send('/memory/import', {
      method: 'POST',
      body,
      headers,
      duplex: 'half',
    } as unknown as RequestInit);
    expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('The body broke off.')]);
  });

  it('say that the record is away instead of giving nothing for all', async () => {
    opened.deps.entries.list = async function* () {
      yield* [];
      throw new SynthesisFailure('StoreUnavailable', 'The disk is gone.');
    };
    expect(await refusalOf('/memory/export')).toMatchObject({ status: 503, code: 'StoreUnavailable' });
  });
});

describe('POST /memory/rebuild and POST /memory/gc', () => {
  it('begin in the background, and show where it can be seen', async () => {
    const response = await send('/memory/rebuild', { method: 'POST' });
    expect([response.status, response.headers.get('location')]).toEqual([202, '/memory/status']);
    expect(((await response.json()) as WireMemoryStatus).tiers).toHaveLength(4);
    expect(opened.entries.calls).toEqual(['rebuild']);
  });

  it.each([
    ['', false],
    ['?dry_run=false', false],
    ['?dry_run=true', true],
  ])('remove what the settings do not let stay, or only count it: gc%s', async (query, dryRun) => {
    const response = await send(`/memory/gc${query}`, { method: 'POST' });
    expect(await response.json()).toEqual({ dry_run: dryRun, expired: 1, aged: 2, over_limit: 3, tombstones: 4 });
    expect(opened.entries.calls).toEqual([{ retention: opened.deps.entryRetention(), dryRun }]);
  });
});

describe('changes that another site asks for', () => {
  it.each([
    ['POST', '/memory/rebuild'],
    ['POST', '/memory/gc'],
    ['POST', '/memory/import'],
    ['DELETE', `/memory/entries/${'a'.repeat(64)}`],
  ])('are refused: %s %s', async (method, path) => {
    const response = await send(path, { method, headers: { origin: 'https://evil.example' } });
    expect(response.status).toBe(403);
    expect(opened.entries.calls).toEqual([]);
  });

  it.each([
    ['PUT', '/memory/status', 'GET, HEAD'],
    ['GET', '/memory/gc', 'POST'],
    ['GET', '/memory/import', 'POST'],
    ['PATCH', `/memory/entries/${'a'.repeat(64)}`, 'GET, HEAD, DELETE'],
  ])('by another method are refused with what there is: %s %s', async (method, path, allow) => {
    const response = await send(path, { method });
    expect([response.status, response.headers.get('allow')]).toEqual([405, allow]);
  });
});
