import { expect, test } from 'vitest';
import { rememberVectors } from '../../../memory/entries/remember-vectors.ts';
import { createMadeEmbedder, madeVector } from '../../support/made-vectors.ts';

const NO_END = new AbortController().signal;

test('a text is asked for once, at the same time and later', async () => {
  const embedder = createMadeEmbedder();
  const remembering = rememberVectors(embedder);
  const answers = await Promise.all([
    remembering.embed(['a', 'b', 'a'], NO_END),
    remembering.embed(['b', 'c'], NO_END),
  ]);
  expect(answers).toEqual([
    ['a', 'b', 'a'].map((text) => madeVector(text)),
    ['b', 'c'].map((text) => madeVector(text)),
  ]);
  await remembering.embed(['a'], NO_END);
  expect(embedder.asked).toEqual(['a', 'b', 'c']);
});

test('a failure is not remembered', async () => {
  const embedder = createMadeEmbedder();
  const remembering = rememberVectors(embedder);
  embedder.isDown = true;
  await expect(remembering.embed(['a'], NO_END)).rejects.toThrow('no host embeds');
  embedder.isDown = false;
  expect(await remembering.embed(['a'], NO_END)).toEqual([madeVector('a')]);
});

test('only so many are remembered, the latest ones', async () => {
  const embedder = createMadeEmbedder();
  const remembering = rememberVectors(embedder, 2);
  expect(await remembering.embed(['a', 'b', 'c'], NO_END)).toHaveLength(3);
  await remembering.embed(['c', 'b', 'a'], NO_END);
  expect(embedder.asked).toEqual(['a', 'b', 'c', 'a']);
});

test('who waits for a question that somebody else gave up asks it again', async () => {
  const embedder = createMadeEmbedder();
  const inner = { ...embedder, embed: waitForSignal };
  let calls = 0;
  async function waitForSignal(texts: readonly string[], signal: AbortSignal): Promise<readonly Float32Array[]> {
    calls += 1;
    if (calls > 1) return texts.map((text) => madeVector(text));
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
  }
  const remembering = rememberVectors(inner);
  const impatient = new AbortController();
  const gone = remembering.embed(['a'], impatient.signal);
  const patient = remembering.embed(['a'], NO_END);
  impatient.abort();
  await expect(gone).rejects.toThrow('aborted');
  expect(await patient).toEqual([madeVector('a')]);
});
