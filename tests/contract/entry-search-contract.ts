import { describe, expect, test } from 'vitest';
import type { SearchedKind } from '../../domain/memory-entry.ts';
import type { EntryRecord } from '../../memory/entry-ports.ts';
import { idOf, someAnswer, someLesson, someWork } from './entry-samples.ts';
import type { RecordUnderTest } from './entry-record-harness.ts';

/** What full-text search of every record must do. */
export function describeTextSearch(current: () => RecordUnderTest): void {
  const BOTH: readonly SearchedKind[] = ['work', 'lesson'];

  /** Texts of the hits, best first. */
  async function search(text: string, namespace = 'default', kinds = BOTH, limit = 10): Promise<readonly string[]> {
    const { record } = current();
    const hits = await record.searchText({ namespace, kinds, text, limit });
    const found = await record.readMany(hits.map((hit) => hit.id));
    return found.map((entry) => (entry.isDeleted ? 'deleted' : entry.text));
  }

  async function putTexts(record: EntryRecord, ...texts: readonly string[]): Promise<void> {
    for (const text of texts) await record.put(someWork(text));
  }

  describe('full-text search', () => {
    test('finds by words, in any order and case, the best match first', async () => {
      await putTexts(
        current().record,
        'sort a list of names',
        'parse a CSV file',
        'sort numbers in a CSV file quickly',
      );
      expect(await search('csv SORT quickly')).toHaveLength(3);
      expect((await search('csv SORT quickly'))[0]).toBe('sort numbers in a CSV file quickly');
      expect(await search('names')).toEqual(['sort a list of names']);
      expect(await search('nothing like it')).toEqual([]);
    });

    test('finds words in other forms and parts of names', async () => {
      await putTexts(current().record, 'reverse_words reverses the words of sentences');
      expect(await search('reversing sentence')).toHaveLength(1);
      expect(await search('reverse_words')).toHaveLength(1);
    });

    test('reads what is asked for as words and never as an expression', async () => {
      await putTexts(current().record, 'near the column scope', 'something else');
      const attempts = [
        '"',
        '"""',
        '*',
        'scope:near',
        'words : x',
        '- near',
        'near NEAR/2 (',
        'x OR OR AND NOT',
        '^near',
        "'",
      ];
      for (const attempt of [
        ...attempts,
        '{scope} : near',
        'near*',
        'a" OR scope:"',
        '(((',
        ')',
        '\\',
        '%',
        '_',
        '\u0000',
        '|&!:*',
      ]) {
        const found = await search(attempt);
        expect(
          found.every((text) => text === 'near the column scope'),
          attempt,
        ).toBe(true);
      }
      expect(await search('near*')).toHaveLength(1);
      expect(await search('somethin*')).toEqual([]);
    });

    test('a query without words finds nothing, and a very long one is answered', async () => {
      await putTexts(current().record, 'something');
      for (const text of ['', '   ', '!?', '😀']) expect(await search(text)).toEqual([]);
      expect(await search(`something ${'and much more '.repeat(20_000)}`)).toEqual(['something']);
    });

    test('stays within the namespace and the kinds that are asked for', async () => {
      const { record } = current();
      await record.put(someWork('shared words of mine'));
      await record.put(someLesson('shared words of a lesson'));
      await record.put(someWork('shared words of others', { namespace: 'other' }));
      await record.put(someAnswer('shared words', 'p', { text: 'shared words of an answer' }));
      expect(await search('shared', 'default', ['work'])).toEqual(['shared words of mine']);
      expect(await search('shared', 'default', ['lesson'])).toEqual(['shared words of a lesson']);
      expect(await search('shared')).toHaveLength(2);
      expect(await search('shared', 'other')).toEqual(['shared words of others']);
      expect(await search('shared', 'default', [])).toEqual([]);
      for (const namespace of ['nobody', 'default" OR "other', "x' OR '1'='1", '*', '', 'defaul']) {
        expect(await search('shared', namespace)).toEqual([]);
      }
    });

    test('finds neither what was deleted or has expired nor what a text said before', async () => {
      const { record, pass, now } = current();
      await putTexts(record, 'first words', 'second words');
      await record.put(someWork('second words', { text: 'changed entirely' }));
      await record.remove(idOf(someWork('first words')));
      expect(await search('words')).toEqual([]);
      expect(await search('changed')).toEqual(['changed entirely']);
      pass(1);
      await record.put(someWork('third words', { expiresAt: new Date(Date.parse(now()) + 1000).toISOString() }));
      expect(await search('third')).toHaveLength(1);
      pass(1000);
      expect(await search('third')).toEqual([]);
      await record.put(someWork('first words'));
      expect(await search('words')).toEqual(['first words']);
    });

    test('gives as many hits as asked for, and rejects a limit that is no page size', async () => {
      await putTexts(current().record, 'word one', 'word two', 'word three');
      expect(await search('word', 'default', BOTH, 2)).toHaveLength(2);
      await expect(search('word', 'default', BOTH, 0)).rejects.toMatchObject({ type: 'RequestRejected' });
    });
  });
}
