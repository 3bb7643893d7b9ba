import { describe, expect, test } from 'vitest';
import { findExamples } from '../../languages/find-examples.ts';

async function python(prompt: string, names: readonly string[] = []): Promise<readonly string[]> {
  return (await findExamples(prompt, 'python', names)).map(({ call, expected }) => `${call} ⇒ ${expected}`);
}
async function typescript(prompt: string, names: readonly string[] = []): Promise<readonly string[]> {
  return (await findExamples(prompt, 'typescript', names)).map(({ call, expected }) => `${call} ⇒ ${expected}`);
}

describe('examples that stand in a prompt', () => {
  const stated: readonly (readonly [string, readonly string[]])[] = [
    ['fib(10) → 55', ['fib(10) ⇒ 55']],
    ['fib(10) -> 55, fib(0) -> 0', ['fib(10) ⇒ 55', 'fib(0) ⇒ 0']],
    ['fib(10) == 55 and fib(1) == 1', ['fib(10) ⇒ 55', 'fib(1) ⇒ 1']],
    ['fib(10) ==> 55', ['fib(10) ⇒ 55']],
    ['`fib(10)` returns `55`.', ['fib(10) ⇒ 55']],
    ['For example, fib(10) returns 55.', ['fib(10) ⇒ 55']],
    ['fib(10) should return 55 because of the series', ['fib(10) ⇒ 55']],
    ['slug("Hello, World!") == "hello-world"', ['slug("Hello, World!") ⇒ "hello-world"']],
    ['slug(“A b”) gives “a-b”', ['slug("A b") ⇒ "a-b"']],
    ['flatten([1, [2, [3]]]) => [1, 2, 3]', ['flatten([1, [2, [3]]]) ⇒ [1, 2, 3]']],
    ['is_even(3) returns false', ['is_even(3) ⇒ False']],
    ['assert add(1, b=2) == 3', ['add(1, b=2) ⇒ 3']],
    ['self.assertEqual(add(1, 2), 3)', ['add(1, 2) ⇒ 3']],
    ['print(add(1, 2))  # 3', ['add(1, 2) ⇒ 3']],
    ['f(-1) raises ValueError', ['f(-1) ⇒ raises ValueError']],
    ['f(-1) should raise a `ValueError`', ['f(-1) ⇒ raises ValueError']],
    ['f("") -> ValueError', ['f("") ⇒ raises ValueError']],
    ['apply(lambda x: x + 1, 3) == 4', ['apply(lambda x: x + 1, 3) ⇒ 4']],
    ['Stack().size() == 0', ['Stack().size() ⇒ 0']],
    ['f(2)\n# => 4', ['f(2) ⇒ 4']],
    ['f(2) == -0.5e3', ['f(2) ⇒ -0.5e3']],
    ['sorted(f(2)) == [1, 2]', ['sorted(f(2)) ⇒ [1, 2]']],
    ['f(2) == 2 + 2', ['f(2) ⇒ 2 + 2']],
    ['f(2) should return 4 instead of 5', ['f(2) ⇒ 4']],
  ];
  test.each(stated)('%s', async (prompt, expected) => {
    expect(await python(prompt)).toEqual(expected);
  });

  test('reads doctests with continuation lines, errors and several lines of output', async () => {
    const prompt = `def f(x):
    """Do it.
    >>> f(1)
    [1,
     2]
    >>> f(
    ...     2)
    3
    >>> f(-1)
    Traceback (most recent call last):
        ...
    ValueError: negative
    """`;
    const calls = await python(prompt);
    expect(calls.map((each) => each.replaceAll(/\s+/g, ' '))).toEqual([
      'f(1) ⇒ [1, 2]',
      'f( 2) ⇒ 3',
      'f(-1) ⇒ raises ValueError',
    ]);
  });

  test('reads a result that stands behind a second prompt', async () => {
    expect(await typescript(' * >>> isPrime(2)\n * >>> True\n')).toEqual(['isPrime(2) ⇒ true']);
  });

  test('reads TypeScript forms', async () => {
    expect(await typescript('expect(add(1, 2)).toBe(3); assert.equal(add(2, 2), 4)')).toEqual([
      'add(1, 2) ⇒ 3',
      'add(2, 2) ⇒ 4',
    ]);
    expect(await typescript('console.log(add(1, 2)) // 3')).toEqual(['add(1, 2) ⇒ 3']);
    expect(await typescript('group([{ a: 1 }], (x) => x.a) // => { 1: [{ a: 1 }] }')).toEqual([
      'group([{ a: 1 }], (x) => x.a) ⇒ { 1: [{ a: 1 }] }',
    ]);
    expect(await typescript('new Stack().size() === 0')).toEqual(['new Stack().size() ⇒ 0']);
    expect(await typescript('parse("x") throws SyntaxError')).toEqual(['parse("x") ⇒ raises SyntaxError']);
  });

  test('reads Input and Output as a call of the one known function', async () => {
    const prompt = 'Example 1:\nInput: nums = [2,7,11,15], target = 9\nOutput: [0,1]\nExplanation: 2 + 7\n';
    expect(await python(prompt, ['two_sum'])).toEqual(['two_sum([2,7,11,15], 9) ⇒ [0,1]']);
    expect(await python(prompt)).toEqual([]);
    expect(await python(prompt, ['two_sum', 'other'])).toEqual([]);
    expect(await python('**Input:**\n```\n5\n```\n**Output:**\n```\n120\n```', ['fact'])).toEqual(['fact(5) ⇒ 120']);
  });
});

describe('what is no example', () => {
  const others: readonly string[] = [
    'def f(x) -> int: ...',
    'f(x) -> y',
    'f(x) returns the sum of x',
    'f(3) returns 3 elements',
    'f(2) is 4 times faster',
    'f(2) returns 1 or 2',
    'f(2) does not return 4',
    'f(2) currently returns 5',
    'f(2) returns 5 instead of 4',
    'len([1]) == 1',
    'Use range(10) -> 3',
    'f(n) == n * 2',
    'math.sqrt(4) == 2.0',
    'f(2) == 3 and later f(2) == 4',
    'f(open) == 2',
    'f(2) ->',
    'f(2',
    'f() -> str',
    'Input: hello\nOutput: olleh',
  ];
  test.each(others)('%s', async (prompt) => {
    expect(await python(prompt, ['reverse'])).toEqual([]);
  });
});
