import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
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

test('a file that is no database is made anew', async () => {
  await writeFile(join(folder, VECTORS_FILE), 'no database, but long enough to be taken for one '.repeat(100));
  const index = await open();
  await index.upsert([aVector('words')], PATIENT);
  expect(await index.count(PATIENT)).toBe(1);
  expect(await readdir(folder)).toContain(VECTORS_FILE);
});

test('lengths that fill no whole byte are found as well', async () => {
  const index = await open();
  const vectors = ['first', 'second'].map((words) => aVector(words, { vector: madeVector(words, 13) }));
  await index.upsert(vectors, PATIENT);
  const query = { namespace: 'default', kinds: ['work'] as const, vector: madeVector('second', 13), limit: 1 };
  expect(await index.search(query, PATIENT)).toMatchObject([{ id: vectors[1]?.id }]);
});
