import { afterEach, beforeEach, expect, test } from 'vitest';
import { createKeepQuestion, type KeepQuestion } from '../../memory/entries/keep-question.ts';
import { createVectorTier } from '../../memory/entries/vector-tier.ts';
import type { EntryMemory } from '../../memory/entry-ports.ts';
import { madeVector } from '../support/made-vectors.ts';
import { setEntryStage, type EntryStage } from './entry-stage.ts';
import { someWork } from './entry-samples.ts';
import { aQuery, setVectorsStage } from './entry-vectors-stage.ts';

const QUESTION = { namespace: 'default', text: 'sort numbers', model: 'made-up:latest' };

let stage: EntryStage;
let asked: number;
beforeEach(async () => {
  stage = await setEntryStage();
  asked = 0;
});
afterEach(() => stage.dispose());

const embed = async () => {
  asked += 1;
  return madeVector(QUESTION.text);
};

async function openProcess(): Promise<{ readonly entries: EntryMemory; readonly keep: KeepQuestion }> {
  const { entries } = await stage.open();
  return {
    entries,
    keep: createKeepQuestion(
      (...place) => entries.getOrCompute(...place),
      () => stage.now(),
    ),
  };
}

test('the vector of a question is made once for all processes, and is exactly the same in each', async () => {
  const [first, second] = [await openProcess(), await openProcess()];
  for (const { keep } of [first, second, first]) expect(await keep(QUESTION, embed)).toEqual(madeVector(QUESTION.text));
  expect(asked).toBe(1);
});

test.each([
  ['another namespace', { namespace: 'research' }],
  ['another model', { model: 'other:latest' }],
  ['another text', { text: 'sort letters' }],
])('%s is another question', async (_name, change) => {
  const { keep } = await openProcess();
  await keep(QUESTION, embed);
  await keep({ ...QUESTION, ...change }, embed);
  expect(asked).toBe(2);
});

test('after a month it is made again, and a failure is not kept', async () => {
  const { keep } = await openProcess();
  await expect(keep(QUESTION, async () => Promise.reject(new Error('no host embeds')))).rejects.toThrow('no host');
  await keep(QUESTION, embed);
  stage.pass(31 * 86_400_000);
  await (await openProcess()).keep(QUESTION, embed);
  expect(asked).toBe(2);
});

test('a record that can keep nothing costs one question as before, and no error', async () => {
  const { entries, store } = await stage.open();
  await store.close();
  const away = createKeepQuestion((...place) => entries.getOrCompute(...place));
  expect(await away(QUESTION, embed)).toEqual(madeVector(QUESTION.text));
  const full = createKeepQuestion(async (_place, compute) => {
    await compute();
    throw new Error('the disk is full');
  });
  expect(await full(QUESTION, embed)).toEqual(madeVector(QUESTION.text));
  expect(asked).toBe(2);
});

test('a search finds with a vector that another process has kept, and asks no model', async () => {
  const vectors = await setVectorsStage(null);
  try {
    const { record, indexes, embedder } = vectors;
    await record.put(someWork('sort numbers'));
    await vectors.settle();
    await (await openProcess()).keep(QUESTION, embed);
    const { keep: keepQuestion } = await openProcess();
    const tier = createVectorTier({ record, indexes, problem: null, embedder, keepQuestion, report: () => {} });
    embedder.isDown = true;
    expect((await tier.search(aQuery(QUESTION.text))).hits).toHaveLength(1);
    expect((await tier.search(aQuery('sort letters'))).degraded).toEqual(['vectors-not-ready']);
  } finally {
    await vectors.dispose();
  }
});
