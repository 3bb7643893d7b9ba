import { expect, test } from 'vitest';
import { readSearchWords } from '../../../memory/search-words.ts';

test('words are letters, digits and marks, once each, in lower case', () => {
  expect(readSearchWords('Sort "NEAR(x)" snake_case* sort: größe 東京 no1')).toEqual([
    'sort',
    'near',
    'x',
    'snake',
    'case',
    'größe',
    '東京',
    'no1',
  ]);
  expect(readSearchWords('"*^(){}:-+|&!\u0000')).toEqual([]);
});

test('words of nearly every request are left out, unless there are no others', () => {
  expect(readSearchWords('Please write a function that sorts the list')).toEqual([
    'write',
    'function',
    'sorts',
    'list',
  ]);
  expect(readSearchWords('to be or not to be')).toEqual(['to', 'be', 'or', 'not']);
});

test('of many words the first are taken', () => {
  const words = Array.from({ length: 100 }, (_, index) => `word${index}`);
  expect(readSearchWords(words.join(' '))).toEqual(words.slice(0, 24));
});
