import { describe, expect, test } from 'vitest';
import type { RunnableLanguage } from '../../domain/language.ts';
import { checkContract } from '../../languages/check-contract.ts';
import { countTests } from '../../languages/count-tests.ts';
import { findPlaceholders } from '../../languages/find-placeholders.ts';
import { listSymbols, parseSource } from '../../languages/parse.ts';
import { renderStub } from '../../languages/stub.ts';

const FILES = { python: 'main.py', typescript: 'main.ts', javascript: 'main.js' } as const;

function program(language: RunnableLanguage, content: string) {
  return { language, mainFile: FILES[language], files: [{ path: FILES[language], content }] };
}

describe('syntax problems', () => {
  test('are told with place and reason', async () => {
    expect(await parseSource('python', 'def f():\nreturn 1\n')).toEqual([
      { line: 2, column: 1, message: 'Expected an indented block after function definition' },
    ]);
    expect((await parseSource('typescript', 'function f( {\n'))[0]?.line).toBe(1);
    expect((await parseSource('go', 'package main\nfunc {'))[0]?.message).toMatch(/^(?:missing|unexpected) "/);
  });

  test('are none in right code of every language', async () => {
    const sources = {
      python: 'match x:\n    case [1, *rest] if (n := len(rest)): pass\n',
      typescript: 'const f = <T,>(x: T): T => x satisfies T;\n',
      javascript: 'const A = () => <b>{x?.y ?? 1}</b>;\n',
      go: 'package main\nfunc main() {}\n',
      rust: 'fn main() { println!("x"); }\n',
      java: 'class A { int f() { return 1; } }\n',
      cpp: '#include <vector>\nint main() { return 0; }\n',
      bash: 'for x in 1 2; do echo "$x"; done\n',
      csharp: 'class A { int F() => 1; }\n',
      php: '<?php function f($x) { return $x; }\n',
      ruby: 'def f(x)\n  x\nend\n',
    } as const;
    for (const [language, source] of Object.entries(sources)) {
      expect([language, await parseSource(language as keyof typeof sources, source)]).toEqual([language, []]);
    }
    expect(await parseSource('typescript', 'export const App = () => <div className="x">hi</div>;')).toEqual([]);
  });

  test('never overflow the stack', async () => {
    expect(await parseSource('javascript', '('.repeat(20_000))).not.toEqual([]);
    expect((await parseSource('python', `x = ${'['.repeat(20_000)}`)).length).toBeGreaterThan(0);
    expect((await listSymbols('python', `x = ${'['.repeat(5_000)}${']'.repeat(5_000)}`)).symbols).toHaveLength(1);
  }, 30_000);
});

describe('symbols', () => {
  test('of Python have kinds, arity, methods and visibility', async () => {
    const outline = await listSymbols(
      'python',
      [
        'import os.path as p, sys',
        'from a.b import c as d, e',
        'LIMIT: int = 3',
        'async def f(a, /, b: int, c=1, *args, d, e: str = "x", **rest): ...',
        '@dataclass',
        'class P:',
        '    x: float',
        '    y: float = 0',
        '    def m(self, z): return z',
        '    @staticmethod',
        '    def s(q): return q',
        'class Q(P): pass',
        'def _hidden(): return 1',
        'if __name__ == "__main__":',
        '    print(1)',
        'print(2)',
      ].join('\n'),
    );
    const arity = outline.symbols.map(({ name, kind, exported, parameters }) => [
      name,
      kind,
      exported,
      parameters?.map((each) => `${each.name}${each.optional ? '?' : ''}${each.keywordOnly ? '!' : ''}`).join() ?? null,
    ]);
    expect(arity).toEqual([
      ['LIMIT', 'constant', true, null],
      ['f', 'function', true, 'a,b,c?,args?,d!,e?!,rest?!'],
      ['P', 'class', true, 'x,y?'],
      ['Q', 'class', true, null],
      ['_hidden', 'function', false, ''],
    ]);
    expect(outline.symbols[2]?.methods.map((each) => `${each.name}/${each.parameters.length}`)).toEqual(['m/1', 's/1']);
    expect(outline.imports.map(({ module, names }) => `${module}:${names.join()}`)).toEqual([
      'os.path:p',
      'sys:sys',
      'a.b:d,e',
    ]);
    expect(outline.sideEffects.map(({ line }) => line)).toEqual([16]);
  });

  test('of TypeScript have kinds, arity, methods and visibility', async () => {
    const outline = await listSymbols(
      'typescript',
      [
        "import x, { y as z, type Q } from './m.ts';",
        'export async function f(this: Q, a: number, b?: string, c = 1, ...rest: number[]) { return a; }',
        'const g = (n: number) => n;',
        'export class A extends B { constructor(private x: number) { super(); } m(a: number): void {} static s = () => 1; }',
        'interface I { a: number }',
        'export { g as gg, type I };',
        'console.log(f);',
      ].join('\n'),
    );
    expect(
      outline.symbols.map(({ name, kind, exported, parameters }) => [
        name,
        kind,
        exported,
        parameters?.map((each) => `${each.name}${each.optional ? '?' : ''}`).join() ?? null,
      ]),
    ).toEqual([
      ['f', 'function', true, 'a,b?,c?,rest?'],
      ['g', 'function', false, 'n'],
      ['A', 'class', true, 'x'],
      ['I', 'type', true, null],
      ['gg', 'function', true, 'n'],
    ]);
    expect(outline.imports[0]).toMatchObject({ module: './m.ts', names: ['x', 'z', 'Q'] });
    expect(outline.sideEffects.map(({ line }) => line)).toEqual([7]);
  });
});

describe('placeholders', () => {
  const left: readonly (readonly [RunnableLanguage, string])[] = [
    ['python', 'def f(x):\n    pass\n'],
    ['python', 'def f(x):\n    """Doc."""\n    ...\n'],
    ['python', 'def f(x):\n    """Doc."""\n'],
    ['python', 'def f(x):\n    raise NotImplementedError("later")\n'],
    ['python', 'class A:\n    def f(self):\n        pass\n'],
    ['python', 'def f(x):\n    # TODO: implement this\n    return None\n'],
    ['python', 'def f(x):\n    # ... rest of the code remains the same ...\n    return x\n'],
    ['python', 'def f(x):\n    y = 1\n    ...\n    return y\n'],
    ['python', 'def f(x):\n    # your code here\n    return x\n'],
    ['typescript', 'export function f(x: number): number { throw new Error("Not implemented"); }\n'],
    ['typescript', 'function f(x: number): number {\n  // ... existing code ...\n  return x;\n}\n'],
    ['javascript', 'class A { m() { /* implementation goes here */ } }\n'],
    ['javascript', 'function f() {}\n'],
    ['typescript', 'function f(): number {\n  // TODO\n  return 0;\n}\n'],
  ];
  test.each(left)('%s: %j has one', async (language, source) => {
    expect(await findPlaceholders(program(language, source))).toHaveLength(1);
  });

  const whole: readonly (readonly [RunnableLanguage, string])[] = [
    [
      'python',
      'from abc import ABC, abstractmethod\nclass S(ABC):\n    @abstractmethod\n    def area(self): ...\n    def name(self):\n        raise NotImplementedError\n',
    ],
    ['python', 'class P(Protocol):\n    def f(self) -> int: ...\n'],
    ['python', '@overload\ndef f(x: int) -> int: ...\n@overload\ndef f(x: str) -> str: ...\ndef f(x): return x\n'],
    ['python', 'class E(Exception):\n    pass\nclass F(E): ...\n'],
    ['python', 'try:\n    import x\nexcept ImportError:\n    pass\n'],
    ['python', 'for x in y:\n    if x:\n        pass\n    else:\n        print(x)\n'],
    ['python', 'a = b[..., 1]\ndef f(x: tuple[int, ...] = ...): return x\n'],
    [
      'python',
      'class Base:\n    def step(self):\n        raise NotImplementedError\nclass Sub(Base):\n    def step(self):\n        return 1\n',
    ],
    ['python', 'def f(kind):\n    if kind == 1:\n        return 1\n    raise NotImplementedError(kind)\n'],
    ['python', 'def noop(*_):\n    pass\nclass C:\n    def __exit__(self, *a):\n        pass\n'],
    [
      'python',
      'def f():\n    # the rest of the string is unchanged\n    # TODO: make it faster for long lists\n    return 1\n',
    ],
    ['typescript', 'const a = [...b, ...c];\nfunction f(...rest: number[]) { return { ...rest }; }\n'],
    [
      'typescript',
      'interface I { m(): void }\nabstract class A { abstract m(): void; constructor(private x: number) {} }\n',
    ],
    ['typescript', 'const noop = (): void => {};\nbutton.addEventListener("x", () => {});\n'],
    ['typescript', 'try { f(); } catch {}\n// Same as before, but for columns.\n'],
    ['javascript', 'function f(x) { if (!x) { throw new Error("todo list is empty"); } return x; }\n'],
  ];
  test.each(whole)('%s: %j has none', async (language, source) => {
    expect(await findPlaceholders(program(language, source))).toEqual([]);
  });
});

describe('contracts', () => {
  const SIGNATURE = { name: 'area', signature: 'def area(width: float, height: float = 1) -> float', doc: '' };
  const kept = [
    'def area(w, h=1): return w',
    'def area(*args): return 1',
    'def area(a, b=2, c=3): return a',
    'area = make()',
  ];
  test.each(kept)('%s keeps it', async (source) => {
    expect(await checkContract(program('python', source), [SIGNATURE])).toEqual({ totalCount: 1, problems: [] });
  });

  const broken: readonly (readonly [string, string])[] = [
    [
      'def size(w, h): return w',
      '"area" is missing. It must be declared as `def area(width: float, height: float = 1) -> float`.',
    ],
    ['def Area(w, h=1): return w', 'There is "Area", which must be named "area".'],
    ['def area(w): return w', '"area" takes 1 parameter but must take 2 parameters.'],
    ['def area(w, h, d): return w', '"area" needs 3 parameters but is called with 1.'],
    ['class area: pass', '"area" is a class instead of a function.'],
  ];
  test.each(broken)('%s breaks it', async (source, problem) => {
    expect((await checkContract(program('python', source), [SIGNATURE])).problems.join()).toContain(problem);
  });

  test('of classes reach into their methods', async () => {
    const stack = {
      name: 'Stack',
      signature: 'class Stack {\n  push(item: number): void;\n  pop(): number | undefined;\n}',
      doc: '',
    };
    const good =
      'export class Stack { items = []; push(item: number) { this.items.push(item); } pop = () => this.items.pop(); }';
    expect((await checkContract(program('typescript', good), [stack])).problems).toEqual([]);
    const bad = 'export class Stack { push(item: number, at: number) {} }';
    expect((await checkContract(program('typescript', bad), [stack])).problems.join()).toContain(
      '"Stack.push" needs 2 parameters',
    );
    const method = { name: 'Stack.pop', signature: 'def pop(self) -> int', doc: '' };
    const python = 'class Stack:\n    def pop(self):\n        return 1\n';
    expect((await checkContract(program('python', python), [method])).problems).toEqual([]);
  });

  test('ask for entry points by name, methods and re-exports included', async () => {
    const source = 'class Cart:\n    def add_item(self, x): return x\ndef total(): return 1\n';
    const report = await checkContract(program('python', source), [], ['total', 'add_item', 'addItem']);
    expect(report).toEqual({ totalCount: 3, problems: ['"addItem" is missing.'] });
  });

  test('ask only for names in languages that are not run', async () => {
    const go = {
      language: 'go',
      mainFile: 'main.go',
      files: [{ path: 'main.go', content: 'package main\nfunc Area() {}\n' }],
    } as const;
    expect((await checkContract(go, [], ['Area', 'Volume'])).problems).toEqual(['"Volume" is missing.']);
  });
});

describe('stubs', () => {
  test('show signature and doc without a body', () => {
    const contract = { name: 'area', signature: 'def area(w: float) -> float:', doc: 'Area.\nRaises ValueError.' };
    expect(renderStub('python', contract)).toBe(
      'def area(w: float) -> float:\n    """Area.\n    Raises ValueError."""\n    ...',
    );
    expect(renderStub('typescript', { ...contract, signature: 'area(w: number): number;' })).toBe(
      '/** Area.\n * Raises ValueError. */\nexport function area(w: number): number;',
    );
    expect(renderStub('go', { ...contract, signature: 'func Area(w float64) float64' })).toContain(
      '// Area.\n// Raises',
    );
  });

  test('parse as declarations of that name', async () => {
    for (const signature of [
      'def f(a, b=1) -> int',
      'f(a, b=1)',
      'class F',
      'class F(Base):',
      'async def f():',
      'LIMIT = 3',
      'LIMIT: int',
    ]) {
      const stub = renderStub('python', { name: 'f', signature, doc: 'It """quotes""".' });
      expect([signature, await parseSource('python', stub)]).toEqual([signature, []]);
    }
    const typed = [
      'function f(a: number): { x: number }',
      'f(a: number): number[]',
      'async f(): Promise<void>',
      'class F',
      'interface F { a: number }',
      'type F = number',
      'const F: number',
      'export function f(): void;',
    ];
    for (const signature of typed) {
      const stub = renderStub('typescript', { name: 'f', signature, doc: 'a */ b' });
      expect([signature, stub, (await listSymbols('typescript', stub)).symbols.length]).toEqual([signature, stub, 1]);
    }
  });
});

describe('tests of the user', () => {
  test('are counted in Python', async () => {
    const content = `import pytest, unittest
def test_a(): pass
async def test_b(): pass
def helper(): pass
@pytest.mark.parametrize("x,y", [(1, 2), (3, 4), (5, 6)])
@pytest.mark.parametrize("z", [1, 2])
def test_c(x, y, z): pass
class TestSlug:
    def test_d(self): pass
    def other(self): pass
class Case(unittest.TestCase):
    def test_e(self): pass
class Helper:
    def test_not(self): pass
`;
    const count = await countTests('python', [{ path: 'test_x.py', content }]);
    expect(count).toMatchObject({ total: 10, exact: true });
    expect(count.names).toContain('test_x.py::TestSlug::test_d');
    const computed = '@pytest.mark.parametrize("x", CASES)\ndef test_a(x): pass\n';
    expect(await countTests('python', [{ path: 't.py', content: computed }])).toMatchObject({ total: 1, exact: false });
  });

  test('are counted in TypeScript', async () => {
    const content = `
import { describe, it, test } from 'vitest';
describe('slugify', () => {
  it('trims', () => {});
  it.skip(\`skips\`, () => {});
  test.each([[1, 2], [3, 4]])('adds %i', (a, b) => { expect(/x/.test('x')).toBe(true); });
});
Deno.test('deno', () => {});
Deno.test({ name: 'object', fn() {} });
Deno.test(function named() {});
`;
    const count = await countTests('typescript', [{ path: 'a.test.ts', content }]);
    expect(count).toMatchObject({ total: 7, exact: true });
    expect(count.names).toEqual(
      expect.arrayContaining(['a.test.ts > slugify > trims', 'a.test.ts > object', 'a.test.ts > named']),
    );
    const loop = 'for (const x of [1, 2]) test(`x ${x}`, () => {});';
    expect(await countTests('javascript', [{ path: 'a.js', content: loop }])).toMatchObject({ total: 1, exact: false });
  });
});
