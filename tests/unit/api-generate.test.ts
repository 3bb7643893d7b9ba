import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { setTimeout as delay } from 'node:timers/promises';
import type { RunId } from '../../domain/ids.ts';
import type { SynthesisRequest } from '../../domain/request.ts';
import { finishRun, openApi, postGenerate } from '../support/api-harness.ts';
import type { OpenedApi } from '../support/api-harness.ts';

let opened: OpenedApi;
beforeEach(async () => {
  opened = await openApi();
});
afterEach(async () => {
  expect(opened.errors).toEqual([]);
  await opened.close();
});

const BODY = { prompt: 'Create a Python function to calculate fibonacci numbers' };

async function readJson(response: Response): Promise<Record<string, unknown>> {
  return (await response.json()) as Record<string, unknown>;
}

async function readProblem(response: Response) {
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  return (await response.json()) as {
    code: string;
    detail: string;
    errors?: { field: string; rule: string; value: string }[];
  };
}

describe('POST /generate', () => {
  it('answers 202 with where the run is, after Temporal took it and with a queued row', async () => {
    const response = await postGenerate(opened.api, BODY);
    const answer = await readJson(response);
    const id = opened.runs.submissions[0]?.runId;
    expect(response.status).toBe(202);
    expect(answer).toEqual({
      workflow_id: id,
      status: 'queued',
      status_url: `/runs/${id}`,
      events_url: `/runs/${id}/events`,
    });
    expect(response.headers.get('location')).toBe(`/runs/${id}`);
    expect(await opened.memory.runs.find(id as RunId)).toMatchObject({ status: 'queued', prompt: BODY.prompt });
  });

  it('stores the whole request, with every default, as the artifact that the workflow is given', async () => {
    await postGenerate(opened.api, {
      ...BODY,
      max_tokens: 99,
      tests: 'def test_fib():\n    assert fib(2) == 1\n',
      examples: [{ call: 'fib(10)', expected: '55' }],
      files: [{ path: 'src/a.py', content: 'x = 1' }],
      limits: { model_calls: 3 },
      priority: 1,
      namespace: 'research/mona',
    });
    const hash = opened.runs.submissions[0]?.requestHash;
    const request = JSON.parse((await opened.memory.artifacts.getText(hash!)) ?? '') as SynthesisRequest;
    expect(request).toEqual({
      prompt: BODY.prompt,
      maxTokens: 99,
      models: [],
      tests: [{ path: 'test_program.py', content: expect.stringContaining('def test_fib') as string }],
      examples: [{ call: 'fib(10)', expected: '55', source: 'user' }],
      files: [{ path: 'src/a.py', content: 'x = 1' }],
      decompose: 'auto',
      priority: 1,
      namespace: 'research/mona',
      fresh: false,
      limits: { modelCalls: 3, tokens: 100_000, minutes: 30, parts: 12, repairRounds: 2 },
    });
  });

  it('lists no run that Temporal did not accept, and says when to try again', async () => {
    opened.runs.down = true;
    const response = await postGenerate(opened.api, BODY);
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('5');
    expect((await readProblem(response)).code).toBe('TemporalUnavailable');
    expect(await opened.memory.runs.countOpen()).toBe(0);
  });

  it('gives time-sorted IDs that differ', async () => {
    for (let index = 0; index < 3; index += 1) {
      await postGenerate(opened.api, BODY);
      await delay(2);
    }
    const ids = opened.runs.submissions.map((submission) => submission.runId);
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(3);
  });

  it('refuses more open runs than the limit, but still answers a repeated submission', async () => {
    await postGenerate(opened.api, BODY, { 'idempotency-key': 'first' });
    for (let index = 0; index < 4; index += 1) await postGenerate(opened.api, BODY);
    const refused = await postGenerate(opened.api, BODY);
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('5');
    expect(await readProblem(refused)).toMatchObject({ code: 'TooManyRuns', details: { openRuns: 5, maxOpenRuns: 5 } });
    expect((await postGenerate(opened.api, BODY, { 'idempotency-key': 'first' })).status).toBe(202);
  });
});

describe('idempotency', () => {
  it('gives one run for fifty equal submissions at once', async () => {
    const responses = await Promise.all(
      Array.from({ length: 50 }, () => postGenerate(opened.api, BODY, { 'idempotency-key': 'k1' })),
    );
    const ids = new Set(
      await Promise.all(responses.map(async (response) => (await readJson(response))['workflow_id'])),
    );
    const replayed = responses.filter((response) => response.headers.get('idempotency-replayed') === 'true');
    expect(responses.map((response) => response.status)).toEqual(Array(50).fill(202));
    expect(ids.size).toBe(1);
    expect(opened.runs.submissions).toHaveLength(1);
    expect(replayed).toHaveLength(49);
  });

  it('takes a body with its keys in another order for the same', async () => {
    await postGenerate(opened.api, { prompt: 'x', fresh: true }, { 'idempotency-key': 'k' });
    const again = await postGenerate(opened.api, { fresh: true, prompt: 'x' }, { 'idempotency-key': 'k' });
    expect(again.headers.get('idempotency-replayed')).toBe('true');
  });

  it.each(['Idempotency-Key', 'workflow_id'])('refuses another body under the same %s', async (by) => {
    const send = (prompt: string) =>
      by === 'workflow_id'
        ? postGenerate(opened.api, { prompt, workflow_id: 'my-run' })
        : postGenerate(opened.api, { prompt }, { 'idempotency-key': 'k' });
    await send('one');
    const refused = await send('two');
    const problem = await readProblem(refused);
    expect(refused.status).toBe(422);
    expect(problem.code).toBe('IdempotencyConflict');
    expect(problem.detail).toContain(by);
  });

  it('never runs again what has ended and is forgotten by Temporal', async () => {
    const { workflow_id: id } = await readJson(await postGenerate(opened.api, BODY, { 'idempotency-key': 'k' }));
    await finishRun(opened.memory, id as RunId);
    opened.runs.forget(id as RunId);
    const again = await postGenerate(opened.api, BODY, { 'idempotency-key': 'k' });
    expect(await readJson(again)).toMatchObject({ workflow_id: id, status: 'completed' });
    expect(opened.runs.submissions).toHaveLength(1);
  });

  it('does not show the key in the ID', async () => {
    const { workflow_id: id } = await readJson(
      await postGenerate(opened.api, BODY, { 'idempotency-key': 'my secret' }),
    );
    expect(id).toMatch(/^idem-[0-9a-f]{32}$/);
  });
});

describe('waiting', () => {
  it.each([
    ['?wait=20', {}],
    ['', { prefer: 'respond-async, wait=20' }],
  ])('answers 200 with the finished run for "%s" %o', async (query, headers) => {
    const pending = postGenerate(opened.api, { ...BODY, workflow_id: 'waited' }, headers, query);
    while ((await opened.memory.runs.countOpen()) === 0) await delay(5);
    await finishRun(opened.memory, 'waited' as RunId);
    const response = await pending;
    expect(response.status).toBe(200);
    expect(await readJson(response)).toMatchObject({ status: 'completed', result: { state: 'verified' } });
  });

  it('answers 202 when the time is over', async () => {
    const response = await postGenerate(opened.api, BODY, { prefer: 'wait=1' });
    expect(response.status).toBe(202);
    expect(response.headers.get('preference-applied')).toBe('wait=1');
  });
});

describe('rules of the body', () => {
  const nested = '['.repeat(10_000) + ']'.repeat(10_000);
  const aPython = (call: string, expected: string) => ({
    prompt: 'x',
    language: 'python',
    examples: [{ call, expected }],
  });

  it.each([
    ['an empty prompt', { prompt: ' \n' }, 'prompt', 'must not be empty'],
    ['a missing prompt', {}, 'prompt', 'required'],
    ['a prompt that is too long', { prompt: 'x'.repeat(1_001) }, 'prompt', '1000'],
    ['a prompt of another type', { prompt: 5 }, 'prompt', 'must be a string'],
    ['a list for a body', [], 'body', 'must be an object'],
    ['a misspelt field', { prompt: 'x', max_token: 5 }, 'max_token', 'did you mean max_tokens?'],
    ['an unknown field', { prompt: 'x', zzz: 5 }, 'zzz', 'unknown field'],
    ['a prototype as a field', '{"prompt":"x","__proto__":{"fresh":true}}', '__proto__', 'unknown field'],
    ['a misspelt language', { prompt: 'x', language: 'pyton' }, 'language', 'did you mean python?'],
    ['a temperature out of range', { prompt: 'x', temperature: 3 }, 'temperature', 'at most 2'],
    ['a temperature as text', { prompt: 'x', temperature: '1' }, 'temperature', 'must be a number'],
    ['half a candidate', { prompt: 'x', candidates: 1.5 }, 'candidates', 'whole number'],
    ['a namespace with a blank', { prompt: 'x', namespace: 'my team' }, 'namespace', 'lower-case letters'],
    ['a namespace of three words', { prompt: 'x', namespace: 'a/b/c' }, 'namespace', 'joined by'],
    ['a priority out of range', { prompt: 'x', priority: 9 }, 'priority', 'at most 5'],
    ['a path out of the folder', { prompt: 'x', files: [{ path: '../a', content: '' }] }, 'files[0].path', 'relative'],
    ['an absolute path', { prompt: 'x', files: [{ path: '/etc/passwd', content: '' }] }, 'files[0].path', 'relative'],
    ['a drive', { prompt: 'x', files: [{ path: 'C:/a', content: '' }] }, 'files[0].path', 'relative'],
    ['a backslash', { prompt: 'x', files: [{ path: '..\\a', content: '' }] }, 'files[0].path', 'relative'],
    ['a NUL in a path', { prompt: 'x', files: [{ path: 'a\0', content: '' }] }, 'files[0].path', 'relative'],
    ['a test with a bad path', { prompt: 'x', tests: [{ path: '..', content: '' }] }, 'tests[0].path', 'relative'],
    ['tests of another type', { prompt: 'x', tests: 5 }, 'tests', 'must be a text or a list of files'],
    ['an example without outcome', { prompt: 'x', examples: [{ call: 'f()' }] }, 'examples[0].expected', 'required'],
    ['an example that is a text', { prompt: 'x', examples: ['f() => 1'] }, 'examples[0]', 'must be an object'],
    ['a call that does not parse', aPython('fib(', '5'), 'examples[0].call', 'must be one expression in python'],
    ['a call that is a statement', aPython('x = 1', '5'), 'examples[0].call', 'must be one expression in python'],
    ['a call of nothing', aPython('5', '5'), 'examples[0].call', 'must call something of the program'],
    ['an outcome that does not parse', aPython('f()', '[1,'), 'examples[0].expected', 'must be a value in python'],
    ['a text without quotes', aPython('f()', 'hello'), 'examples[0].expected', 'raises ValueError'],
    [
      'a call of no language',
      { prompt: 'x', examples: [{ call: 'f(', expected: '1' }] },
      'examples[0].call',
      'python or',
    ],
    ['no models', { prompt: 'x', models: [''] }, 'models[0]', 'must have at least 1 character'],
    ['an unknown limit', { prompt: 'x', limits: { model_call: 1 } }, 'limits.model_call', 'did you mean model_calls?'],
    ['an unsafe ID', { prompt: 'x', workflow_id: '../x' }, 'workflow_id', 'letters'],
    ['deep nesting', `{"prompt":${nested}}`, 'prompt', 'must be a string'],
  ])('names %s', async (_name, body, field, rule) => {
    const response = await postGenerate(opened.api, body);
    const problem = await readProblem(response);
    expect(response.status).toBe(422);
    expect(problem.code).toBe('RequestRejected');
    expect(problem.errors).toHaveLength(1);
    expect(problem.errors?.[0]).toMatchObject({ field, rule: expect.stringContaining(rule) as string });
    expect(opened.runs.submissions).toEqual([]);
  });

  it('reports every broken rule at once and shortens the values seen', async () => {
    const response = await postGenerate(opened.api, { prompt: 'y'.repeat(5_000), priority: 0, typo: 1 });
    const problem = await readProblem(response);
    expect(problem.errors?.map((error) => error.field).sort()).toEqual(['priority', 'prompt', 'typo']);
    expect(JSON.stringify(problem).length).toBeLessThan(1_500);
  });

  it.each([
    ['no JSON', '{"prompt":', 400],
    ['an empty body', '', 400],
    ['a body over the limit', JSON.stringify({ prompt: 'x'.repeat(70_000) }), 413],
  ])('answers %s with its own status', async (_name, body, status) => {
    const response = await postGenerate(opened.api, body);
    expect(response.status).toBe(status);
    await readProblem(response);
  });

  it('counts a chunked body and refuses it over the limit', async () => {
    const stream = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new TextEncoder().encode('x'.repeat(10_000))),
    });
    const headers = { 'content-type': 'application/json', 'transfer-encoding': 'chunked' };
    const init = { method: 'POST', headers, body: stream, duplex: 'half' };
    const response = await opened.api.request(new Request('http://localhost/generate', init as RequestInit));
    expect(response.status).toBe(413);
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', ''])('refuses the content type "%s"', async (type) => {
    const response = await postGenerate(opened.api, BODY, { 'content-type': type });
    expect(response.status).toBe(415);
    expect((await readProblem(response)).detail).toContain('Content-Type: application/json');
  });

  it.each([
    ['python', 'f(lambda x: x, *[1])', '{"a": None}'],
    ['python', 'f()', 'raises ValueError'],
    ['python', 'is_even(2)', 'True'],
    ['typescript', 'map((x) => { let i = 0; i++; return x; })', 'undefined'],
    ['javascript', 'f({ a: 1 })', '{ b: NaN }'],
    [undefined, 'map(x => x)', '[]'],
    [undefined, 'f(lambda x: x)', 'None'],
    // It is not run, so nothing is known about its grammar.
    ['go', 'f(', 'go'],
  ])('takes an example in %s: %s => %s', async (language, call, expected) => {
    const response = await postGenerate(opened.api, { prompt: 'x', language, examples: [{ call, expected }] });
    expect(response.status).toBe(202);
  });

  it('takes a body with a byte order mark', async () => {
    expect((await postGenerate(opened.api, `\ufeff${JSON.stringify(BODY)}`)).status).toBe(202);
  });
});
