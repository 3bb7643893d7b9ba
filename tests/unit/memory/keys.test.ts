import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PartId, RunId } from '../../../domain/ids.ts';
import type { SynthesisRequest } from '../../../domain/request.ts';
import { hashJson, hashText, toCanonicalJson } from '../../../memory/content-hash.ts';
import { createRecallKey, type AnswerShape } from '../../../memory/recall-key.ts';
import { decodeRunCursor, encodeRunCursor } from '../../../memory/run-cursor.ts';
import { createStepKey } from '../../../memory/step-key.ts';

describe('content hash', () => {
  test('a text has the SHA-256 of its UTF-8 bytes', () => {
    expect(hashText('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(hashText('ä')).not.toBe(hashText('a\u0308'));
  });

  test('the order of keys and undefined fields do not matter, the order of items does', () => {
    expect(hashJson({ a: 1, b: { c: 2, d: [3] } })).toBe(hashJson({ b: { d: [3], c: 2, e: undefined }, a: 1 }));
    expect(hashJson([1, 2])).not.toBe(hashJson([2, 1]));
    expect(hashJson({ a: null })).not.toBe(hashJson({}));
  });

  test('canonical JSON is the value again when parsed', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const value: unknown = JSON.parse(text);
        expect(JSON.parse(toCanonicalJson(value))).toEqual(value);
      }),
    );
  });

  test('what JSON cannot carry is refused', () => {
    for (const value of [undefined, () => 1, Symbol('s')]) expect(() => hashJson(value)).toThrow(/JSON cannot carry/);
  });
});

describe('step key', () => {
  const step = { runId: 'run-1' as RunId, partId: 'whole' as PartId, role: 'generate', index: 2, inputs: { a: 1 } };

  test('it names run, part, role and index and ends with sixteen digits of the inputs', () => {
    expect(createStepKey(step)).toMatch(/^run-1\/whole\/generate\/2\/[0-9a-f]{16}$/);
    expect(createStepKey(step)).toBe(createStepKey({ ...step, inputs: { a: 1 } }));
  });

  test('every difference gives another key', () => {
    const others = [
      { ...step, runId: 'run-2' as RunId },
      { ...step, partId: 'p1' as PartId },
      { ...step, role: 'repair' },
      { ...step, index: 3 },
      { ...step, inputs: { a: 2 } },
    ];
    expect(new Set([step, ...others].map(createStepKey)).size).toBe(6);
  });

  test('names that would blur the borders are refused', () => {
    const bad = [{ role: '' }, { role: 'a/b' }, { partId: 'x/y' as PartId }, { index: -1 }, { index: 0.5 }];
    for (const change of bad) expect(() => createStepKey({ ...step, ...change })).toThrow(/step key/);
  });
});

describe('recall key', () => {
  const request: SynthesisRequest = {
    prompt: 'Add two numbers\nplease',
    maxTokens: 100,
    models: [],
    tests: [],
    examples: [],
    files: [],
    decompose: 'auto',
    priority: 3,
    namespace: 'default',
    fresh: false,
    limits: { modelCalls: 10, tokens: 1000, minutes: 5, parts: 4, repairRounds: 2 },
  };
  const shape: AnswerShape = {
    models: { light: 'a', workers: ['b'] },
    temperature: 0.2,
    contextTokens: 4096,
    promptsVersion: '1',
    verifierVersion: '1',
  };
  const key = createRecallKey(request, shape);
  const file = { path: 'a.py', content: 'x' };

  test('what does not shape the answer does not change the key', () => {
    const same: Partial<SynthesisRequest>[] = [
      { priority: 1 },
      { namespace: 'other' },
      { fresh: true },
      { limits: { ...request.limits, modelCalls: 1, tokens: 1, minutes: 1 } },
      { prompt: 'Add two numbers  \r\nplease\t\n' },
      { temperature: 0.2 },
    ];
    for (const change of same) expect(createRecallKey({ ...request, ...change }, shape)).toBe(key);
  });

  test('every field that shapes the answer changes the key', () => {
    const changes: Partial<SynthesisRequest>[] = [
      { prompt: 'add two numbers\nplease' },
      { prompt: '  Add two numbers\nplease' },
      { prompt: 'Add  two numbers\nplease' },
      { language: 'python' },
      { temperature: 0.3 },
      { maxTokens: 101 },
      { models: ['m'] },
      { tests: [file] },
      { files: [file] },
      { examples: [{ call: 'add(1, 2)', expected: '3', source: 'user' }] },
      { context: 'c' },
      { candidates: 2 },
      { decompose: 'never' },
      { limits: { ...request.limits, parts: 5 } },
      { limits: { ...request.limits, repairRounds: 3 } },
    ];
    const keys = changes.map((change) => createRecallKey({ ...request, ...change }, shape));
    expect(new Set([key, ...keys]).size).toBe(changes.length + 1);
  });

  test('every field of the shape changes the key', () => {
    const changes: Partial<AnswerShape>[] = [
      { models: { light: 'a', workers: ['c'] } },
      { temperature: 0.3 },
      { contextTokens: 8192 },
      { promptsVersion: '2' },
      { verifierVersion: '2' },
    ];
    const keys = changes.map((change) => createRecallKey(request, { ...shape, ...change }));
    expect(new Set([key, ...keys]).size).toBe(changes.length + 1);
  });
});

describe('run cursor', () => {
  test('a position comes back from its cursor, which is safe in a URL', () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ unit: 'grapheme' }), (createdAt, id) => {
        const cursor = encodeRunCursor({ createdAt, id: id as RunId });
        expect(cursor).toMatch(/^[A-Za-z0-9_-]+$/);
        expect(decodeRunCursor(cursor)).toEqual({ createdAt, id });
      }),
    );
  });

  test('a cursor with any one character changed is refused', () => {
    const cursor = encodeRunCursor({ createdAt: '2026-01-01T00:00:00.000Z', id: 'run-1' as RunId });
    for (let index = 0; index < cursor.length; index += 1) {
      const changed = cursor.slice(0, index) + (cursor[index] === 'A' ? 'B' : 'A') + cursor.slice(index + 1);
      expect(() => decodeRunCursor(changed)).toThrow(expect.objectContaining({ type: 'RequestRejected' }));
    }
  });
});
