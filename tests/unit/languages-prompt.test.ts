import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { detectLanguage } from '../../languages/detect-language.ts';
import { isClosed, parseExpression } from '../../languages/expression.ts';
import { findEntryPoints } from '../../languages/find-entry-points.ts';
import { makeProbes } from '../../languages/make-probes.ts';

describe('the language of a prompt', () => {
  const prompts: readonly (readonly [string, string | undefined])[] = [
    ['Create a Python function to calculate fibonacci numbers', 'python'],
    ['Write a TypeScript function slugify', 'typescript'],
    ['write a JS function that adds', 'javascript'],
    ['A debounce helper in vanilla JavaScript', 'javascript'],
    ['Convert this JavaScript to Python', 'python'],
    ['Rewrite this from Python in Rust', 'rust'],
    ['Implement an LRU cache in Go.', 'go'],
    ['Please go through the list and sort it', undefined],
    ['Write a function that reverses a string', undefined],
    ['java method for primes', 'java'],
    ['Not in Java but in TypeScript please', 'typescript'],
    ['a C++ class for matrices', 'cpp'],
    ['Fix the bug in src/cart.ts', 'typescript'],
    ['Complete:\n```python\ndef f(x):\n```', 'python'],
    ['def f(x: int) -> int:\n    """Doubles."""', 'python'],
    ['const f = function (n: number) : number  {', 'typescript'],
    ['Use pandas to read a csv', 'python'],
    ['', undefined],
  ];
  test.each(prompts)('%j', (prompt, language) => {
    expect(detectLanguage(prompt)).toBe(language);
  });
});

describe('entry points of a prompt', () => {
  const prompts: readonly (readonly [string, readonly string[]])[] = [
    ['Write a function called slugify that …', ['slugify']],
    ['Write a Python function named `to_roman`.', ['to_roman']],
    ['Implement `add(a, b)` and `sub(a, b)`', ['add']],
    ['def foo(x):\n    """Calls bar."""', ['foo']],
    ['Create a class Stack with push and pop', ['Stack']],
    ['Implement an LRUCache class', ['LRUCache']],
    ['Write a function that sorts a list', []],
    ['Write a function to add numbers without using the `sorted()` function', []],
    ['Create a Python function to calculate fibonacci numbers', []],
    ['Write fib(n) without using the function `memo`', ['fib']],
    ['export const area = (r: number) => …', ['area']],
  ];
  test.each(prompts)('%j', async (prompt, names) => {
    expect(await findEntryPoints({ prompt, language: 'python' })).toEqual(names);
  });

  test('come from examples and from what tests import', async () => {
    const examples = [{ call: 'Circle(2).area()', expected: '12', source: 'user' }] as const;
    const tests = [
      {
        path: 'test_x.py',
        content: 'import pytest\nfrom shapes import Square, unused\ndef test_a():\n    assert Square(1)\n',
      },
    ];
    expect(await findEntryPoints({ prompt: '', language: 'python', examples, tests })).toEqual(['Circle', 'Square']);
    const typed = [
      {
        path: 'a.test.ts',
        content: "import { test } from 'vitest';\nimport { slug } from './slug.ts';\ntest('x', () => slug('a'));",
      },
    ];
    expect(await findEntryPoints({ prompt: '', language: 'typescript', tests: typed })).toEqual(['slug']);
  });
});

describe('probes', () => {
  test('are about thirty-two different calls of the same function', async () => {
    const probes = await makeProbes({
      language: 'python',
      calls: ['f([1, 2, 3], "ab", x=5)'],
      signatures: [],
      seed: 7,
    });
    expect(probes).toHaveLength(32);
    expect(new Set(probes).size).toBe(32);
    expect(probes.every((probe) => probe.startsWith('f('))).toBe(true);
    expect(probes).toContain('f([], "ab", x=5)');
  });

  test('are the same for the same seed and differ for another', async () => {
    const request = { language: 'typescript', calls: ['f([1, 2, 3], "ab", { a: 1 })'], signatures: [] } as const;
    expect(await makeProbes({ ...request, seed: 1 })).toEqual(await makeProbes({ ...request, seed: 1 }));
    expect(await makeProbes({ ...request, seed: 1 })).not.toEqual(await makeProbes({ ...request, seed: 2 }));
  });

  test('never make a number much bigger', async () => {
    const probes = await makeProbes({ language: 'python', calls: ['fib(30)', 'fact(1000)'], signatures: [], seed: 1 });
    const numbers = probes.flatMap((probe) => probe.match(/\d+/g) ?? []).map(Number);
    expect(Math.max(...numbers)).toBeLessThanOrEqual(1000);
  });

  test('come from types and names where there is no example', async () => {
    const from = async (language: 'python' | 'typescript', signature: string): Promise<readonly string[]> =>
      makeProbes({ language, calls: [], signatures: [signature], seed: 1 });
    expect(await from('python', 'def fib(n: int) -> int')).toEqual(
      expect.arrayContaining(['fib(0)', 'fib(1)', 'fib(10)']),
    );
    expect(await from('python', 'def slug(text, sep="-")')).toEqual(
      expect.arrayContaining(['slug("")', 'slug("Hello World")']),
    );
    expect(await from('typescript', 'function f(xs: string[], n?: number): string')).toContain('f([])');
    expect((await from('python', 'def f(points: list[tuple[int, str]], *, k: Optional[int])')).length).toBeGreaterThan(
      5,
    );
    expect(await from('python', 'def f(session: Session)')).toEqual([]);
  });

  test('hold no code that reaches outside', async () => {
    const calls = ['f(open("x").read())', 'f(__import__("os").remove("x"))', 'f(eval("1"))'];
    expect(await makeProbes({ language: 'python', calls, signatures: [], seed: 1 })).toEqual([]);
    const typed = ['f(process.exit(1))', 'f(globalThis.x)', 'f(Deno.remove("x"))'];
    expect(await makeProbes({ language: 'typescript', calls: typed, signatures: [], seed: 1 })).toEqual([]);
  });

  test('always parse, whatever literals the example has', async () => {
    const literal = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.integer({ min: -999, max: 999 }).map(String),
        fc.double({ noNaN: true, min: -99, max: 99 }).map((value) => JSON.stringify(value)),
        fc.string({ maxLength: 8 }).map((text) => JSON.stringify(text)),
        fc.constantFrom('True', 'False', 'None', '()', '(1,)', '{1, 2}', "'it\\'s'", '"\\u00e9\\n"', '-5'),
        fc.array(tie('value') as fc.Arbitrary<string>, { maxLength: 3 }).map((items) => `[${items.join(', ')}]`),
        fc
          .array(tie('value') as fc.Arbitrary<string>, { maxLength: 2 })
          .map((items) => `{${items.map((item, at) => `${at}: ${item}`).join(', ')}}`),
      ),
    })).value;
    await fc.assert(
      fc.asyncProperty(fc.array(literal, { minLength: 1, maxLength: 3 }), fc.integer(), async (values, seed) => {
        const probes = await makeProbes({
          language: 'python',
          calls: [`f(${values.join(', ')})`],
          signatures: [],
          seed,
        });
        for (const probe of probes) {
          const expression = await parseExpression('python', probe);
          if (expression === undefined || !isClosed('python', expression.node)) return false;
        }
        return probes.length <= 32;
      }),
      { numRuns: 40 },
    );
  }, 60_000);
});
