import { expect, test } from 'vitest';
import type { KeptEntry, NewEntry } from '../../../domain/memory-entry.ts';
import { exportLines } from '../../../memory/entries/export-lines.ts';
import { importLines } from '../../../memory/entries/import-lines.ts';
import { hashText } from '../../../memory/content-hash.ts';
import { idOf, someAnswer, someEmbedding, someLesson, someWork } from '../../contract/entry-samples.ts';

const AT = '2026-01-01T00:00:00.000Z';

function kept(entry: NewEntry, version = 1): KeptEntry {
  return { ...entry, id: idOf(entry), version, isDeleted: false, createdAt: AT, updatedAt: AT };
}

async function* each<Item>(items: readonly Item[]): AsyncGenerator<Item, void> {
  yield* items;
}

/** Imports lines; whatever comes is adopted. */
async function take(lines: readonly string[]) {
  const adopted: KeptEntry[] = [];
  const report = await importLines(each(lines), async (entry) => adopted.push(entry) > 0);
  return { adopted, report };
}

test('what is exported is imported again, line by line', async () => {
  const text = 'two\nlines, "quotes" and ä😀\u2028';
  const entries = [
    kept(someWork('a', { text })),
    kept(someLesson('b'), 7),
    kept(someAnswer('c', text)),
    kept(someEmbedding('d')),
  ];
  const lines: string[] = [];
  for await (const line of exportLines(each(entries))) lines.push(line);
  for (const line of lines) expect(line).toMatch(/^\{.*\}\n$/);
  const { adopted, report } = await take(lines);
  expect(adopted).toEqual(entries);
  expect(report).toEqual({ adopted: 4, known: 0, refused: 0, problems: [] });
});

test('a bad line is told with its number and its fault, and the others are taken in', async () => {
  const good = kept(someWork('a'));
  const bad: readonly (readonly [unknown, RegExp])[] = [
    [{ ...good, namespace: '../x' }, /^namespace: must be a word/],
    [{ ...good, id: hashText('another') }, /^id: must be that of namespace, kind and key$/],
    [{ ...good, kind: 'lesson', id: idOf({ ...good, kind: 'lesson' }) }, /^value.kind: must be the kind of the entry$/],
    [{ ...good, version: 0 }, /^version: /],
    [{ ...good, version: 1_000_000_001 }, /^version: must be at most 1000000000$/],
    [{ ...good, surprise: 1 }, /surprise/],
    [{ ...good, updatedAt: 'yesterday' }, /^updatedAt: must be a time/],
    [
      { ...kept(someAnswer('c')), value: { ...someAnswer('c').value, texts: {} } },
      /^value.texts: must hold the program/,
    ],
    [
      { ...kept(someAnswer('c', 'right')), value: withText(someAnswer('c', 'right'), 'wrong') },
      /not the one that its hash/,
    ],
    [{ ...someWork('a'), ...tombstoneOf(good) }, /./],
    [tombstoneOf(good), /^isDeleted: /],
    [[], /./],
    [null, /./],
  ];
  const lines = bad.map(([entry]) => JSON.stringify(entry));
  const { adopted, report } = await take(['{"half": ', '', '  ', ...lines, JSON.stringify(good)]);
  expect(adopted).toEqual([good]);
  expect(report).toMatchObject({ adopted: 1, refused: bad.length + 1 });
  expect(report.problems[0]?.problem).toBe('is not JSON');
  expect(report.problems.map((problem) => problem.line)).toEqual([1, ...bad.map((_, index) => index + 4)]);
  for (const [index, [, fault]] of bad.entries()) expect(report.problems[index + 1]?.problem).toMatch(fault);
});

test('of a wrong file the first hundred lines are told, and the others are counted', async () => {
  const lines = [...Array.from({ length: 250 }, () => 'rubbish'), JSON.stringify(kept(someWork('a')))];
  const { adopted, report } = await take(lines);
  expect(adopted).toHaveLength(1);
  expect(report.refused).toBe(250);
  expect(report.problems.map(({ line }) => line)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
});

test('what is here already is counted apart', async () => {
  const report = await importLines(each([JSON.stringify(kept(someWork('a')))]), async () => false);
  expect(report).toEqual({ adopted: 0, known: 1, refused: 0, problems: [] });
});

test('an import that fails half way tells so and may be made again', async () => {
  const lines = ['a', 'b', 'c'].map((words) => JSON.stringify(kept(someWork(words))));
  const adopted = new Set<string>();
  const failing = async (entry: KeptEntry) => {
    if (adopted.size === 2) throw new Error('the disk is full');
    return Boolean(adopted.add(entry.id));
  };
  await expect(importLines(each(lines), failing)).rejects.toThrow('the disk is full');
  expect(adopted.size).toBe(2);
});

function tombstoneOf({ id, namespace, kind, key, version, updatedAt }: KeptEntry) {
  return { id, namespace, kind, key, version, updatedAt, isDeleted: true };
}

function withText(entry: NewEntry, text: string): object {
  return { ...entry.value, texts: { [hashText('right')]: text } };
}
