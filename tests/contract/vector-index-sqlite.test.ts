import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { VectorIndex } from '../../memory/entry-ports.ts';
import { openSqliteVectorIndex, VECTORS_FILE } from '../../memory/sqlite/sqlite-vector-index.ts';
import { madeVector } from '../support/made-vectors.ts';
import { aVector, describeVectorIndex, PATIENT } from './vector-index-contract.ts';

let folder: string;
const opened: VectorIndex[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hydra-vectors-'));
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((index) => index.close()));
  await rm(folder, { recursive: true });
});

async function open(model = 'made-up'): Promise<VectorIndex> {
  const { index } = await openSqliteVectorIndex({ folder, model });
  if (index === null) throw new Error('sqlite-vec cannot be loaded here');
  opened.push(index);
  return index;
}

describeVectorIndex('SQLite', async () => ({ open, dispose: async () => {} }));

test('vectors outlive the process', async () => {
  const index = await open();
  await index.upsert([aVector('words')], PATIENT);
  await index.close();
  expect(await (await open()).count(PATIENT)).toBe(1);
});

test('vectors of a model that is no longer used are not taken up again, since they have missed what came meanwhile', async () => {
  const first = await open('first');
  await first.upsert([aVector('words')], PATIENT);
  const second = await open('second');
  await second.upsert([aVector('words'), aVector('more words')], PATIENT);
  expect(await first.isEmpty(64, PATIENT)).toBe(true);
  await first.upsert([aVector('words')], PATIENT);
  expect(await Promise.all([first.count(PATIENT), second.count(PATIENT)])).toEqual([1, 0]);
});

test('a file that is no database is made anew', async () => {
  await writeFile(join(folder, VECTORS_FILE), 'no database, but long enough to be taken for one '.repeat(100));
  const index = await open();
  await index.upsert([aVector('words')], PATIENT);
  expect(await index.count(PATIENT)).toBe(1);
  expect(await readdir(folder)).toContain(VECTORS_FILE);
});

test('a file that is damaged behind its header is healed by a wipe, for all who have it open', async () => {
  const [one, other] = [await open(), await open()];
  await one.upsert(
    Array.from({ length: 200 }, (_, index) => aVector(`words ${index}`)),
    PATIENT,
  );
  await one.close();
  await other.close();
  const path = join(folder, VECTORS_FILE);
  const sound = await readFile(path);
  await writeFile(path, sound.fill(0x5a, sound.length / 2));
  const [reader, wiper] = [await open(), await open()];
  await expect(reader.count(PATIENT)).rejects.toMatchObject({ details: { code: expect.stringMatching(/CORRUPT/) } });
  await wiper.wipe(PATIENT);
  await reader.upsert([aVector('words')], PATIENT);
  expect(await Promise.all([reader, wiper].map((index) => index.count(PATIENT)))).toEqual([1, 1]);
  expect(
    await reader.search({ namespace: 'default', kinds: ['work'], vector: madeVector('words'), limit: 1 }, PATIENT),
  ).toMatchObject([{ id: aVector('words').id }]);
});

test('lengths that fill no whole byte are found as well', async () => {
  const index = await open();
  const vectors = ['first', 'second'].map((words) => aVector(words, { vector: madeVector(words, 13) }));
  await index.upsert(vectors, PATIENT);
  const query = { namespace: 'default', kinds: ['work'] as const, vector: madeVector('second', 13), limit: 1 };
  expect(await index.search(query, PATIENT)).toMatchObject([{ id: vectors[1]?.id }]);
});
