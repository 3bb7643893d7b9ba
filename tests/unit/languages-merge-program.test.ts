import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { PartId } from '../../domain/ids.ts';
import type { RunnableLanguage } from '../../domain/language.ts';
import type { Plan, PlanPart, SharedType } from '../../domain/plan.ts';
import type { Program } from '../../domain/program.ts';
import { linkPart, mergeProgram, type MergeOutcome } from '../../languages/merge-program.ts';
import { findDenoBinary } from '../../sandbox/deno/deno-binary.ts';

interface PartSketch {
  readonly id: string;
  readonly file: string;
  readonly provides: readonly string[];
  readonly uses?: readonly string[];
  readonly code: string;
}

function sketch(
  language: RunnableLanguage,
  mainFile: string,
  parts: readonly PartSketch[],
  sharedTypes: readonly SharedType[] = [],
) {
  const owner = (symbol: string): PartId => parts.find(({ provides }) => provides.includes(symbol))?.id as PartId;
  const planParts: readonly PlanPart[] = parts.map(({ id, file, provides, uses = [] }) => ({
    id: id as PartId,
    title: id,
    kind: 'module',
    file,
    provides: provides.map((name) => ({ name, signature: name, doc: '' })),
    uses: uses.map((symbol) => ({ part: owner(symbol), symbol })),
    requirements: [],
    examples: [],
  }));
  const paths = [...new Set(parts.map(({ file }) => file))];
  const files = paths.map((path) => ({ path, purpose: '' }));
  const plan: Plan = { language, summary: '', files, sharedTypes, parts: planParts, mainFile };
  const programs = new Map(
    parts.map(({ id, file, code }): readonly [PartId, Program] => [
      id as PartId,
      { language, mainFile: file, files: [{ path: file, content: code }] },
    ]),
  );
  return { plan, programs };
}

const folders: string[] = [];
afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true, force: true })));

function run(outcome: MergeOutcome): string {
  if (!outcome.ok) throw new Error(outcome.problems.join('\n'));
  const { program } = outcome;
  const folder = mkdtempSync(join(tmpdir(), 'hydra-merge-'));
  folders.push(folder);
  for (const { path, content } of program.files) {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  const options = { cwd: folder, encoding: 'utf8', stdio: 'pipe', timeout: 60_000 } as const;
  if (program.language === 'python') return execFileSync('python3', [program.mainFile], options);
  const deno = findDenoBinary()?.path;
  if (deno === undefined) throw new Error('no deno');
  return execFileSync(deno, ['run', '--quiet', '--no-remote', '--no-npm', '--check', program.mainFile], {
    ...options,
    env: { HOME: folder, DENO_DIR: join(folder, '.deno'), NO_COLOR: '1' },
  });
}

function textOf(outcome: MergeOutcome, path: string): string {
  if (!outcome.ok) throw new Error(outcome.problems.join('\n'));
  return outcome.program.files.find((file) => file.path === path)?.content ?? '';
}

const PYTHON_PARTS: readonly PartSketch[] = [
  {
    id: 'report',
    file: 'main.py',
    provides: ['report'],
    uses: ['mean', 'tidy'],
    code: `# main.py
"""Reports."""
from __future__ import annotations
from stats import mean
from text_utils import tidy as clean
import json

def _format(value):
    return f"<{value}>"

def report(title: str, numbers: list[float]) -> str:
    return json.dumps({clean(title): _format(mean(numbers))})

if __name__ == "__main__":
    print(report("  Hello ", [1, 2, 3]))
`,
  },
  {
    id: 'mean',
    file: 'main.py',
    provides: ['mean'],
    code: `import math
import os  # unused

# Precision of results.
DIGITS = 2

def _format(value):
    # rounds
    return round(value, DIGITS)

def mean(numbers):
    """Mean of numbers."""
    _format_all = [_format(n) for n in numbers]
    return _format(math.fsum(_format_all) / len(numbers))

result = mean([1, 2])
print("demo", result)
if __name__ == "__main__":
    print("demo 2")
`,
  },
  {
    id: 'tidy',
    file: 'lib/text_utils.py',
    provides: ['tidy'],
    code: `def tidy(text):\n    return text.strip().lower()\n\nfor x in range(3):\n    print(x)\n`,
  },
];

describe('merging Python', () => {
  test('joins parts of one file and imports the others, and the result runs', async () => {
    const { plan, programs } = sketch('python', 'main.py', PYTHON_PARTS);
    const outcome = await mergeProgram(plan, programs);
    expect(run(outcome)).toBe('{"hello": "<2.0>"}\n');
    const main = textOf(outcome, 'main.py');
    expect(main).toContain('from lib.text_utils import tidy as clean');
    expect(main).toContain('# Precision of results.\nDIGITS = 2');
    expect(main).not.toMatch(/demo|import os|from stats/);
    expect(main.match(/^def _format\(/gm)).toHaveLength(1);
    expect(main).toContain('def _format_report(value)');
  });

  test('gives the same text for the same parts, whatever their order of arrival', async () => {
    const { plan, programs } = sketch('python', 'main.py', PYTHON_PARTS);
    const again = await mergeProgram(plan, new Map([...programs].toReversed()));
    expect(again).toEqual(await mergeProgram(plan, programs));
  });

  test('tells where each symbol came from', async () => {
    const { plan, programs } = sketch('python', 'main.py', PYTHON_PARTS);
    const outcome = await mergeProgram(plan, programs);
    expect(outcome.ok && outcome.provenance).toEqual(
      expect.arrayContaining([
        { file: 'main.py', symbol: 'mean', part: 'mean' },
        { file: 'main.py', symbol: 'report', part: 'report' },
        { file: 'lib/text_utils.py', symbol: 'tidy', part: 'tidy' },
      ]),
    );
  });

  test('prefers the owner over stubs and bodies that a part wrote again', async () => {
    const { plan, programs } = sketch('python', 'main.py', [
      { id: 'area', file: 'main.py', provides: ['area'], code: 'def area(r):\n    return 3 * r * r\n' },
      {
        id: 'volume',
        file: 'main.py',
        provides: ['volume'],
        uses: ['area'],
        code: 'def area(r):\n    raise NotImplementedError\n\ndef volume(r, h):\n    return area(r) * h\n\nprint(volume(1, 2))\n',
      },
    ]);
    const outcome = await mergeProgram(plan, programs);
    expect(run(outcome)).toBe('6\n');
    expect(textOf(outcome, 'main.py')).not.toContain('NotImplementedError');
  });

  test('keeps a helper apart that happens to be called like a part it does not use', async () => {
    const { plan, programs } = sketch('python', 'main.py', [
      { id: 'a', file: 'main.py', provides: ['scale'], code: 'def scale(x):\n    return x * 10\n' },
      {
        id: 'b',
        file: 'main.py',
        provides: ['grow'],
        code: 'def scale(x):\n    return x + 1\n\ndef grow(x, scale_by=None):\n    scale_ = scale\n    def inner(scale):\n        return scale\n    return inner(scale_(x))\n\nprint(grow(1))\n',
      },
    ]);
    const outcome = await mergeProgram(plan, programs);
    expect(run(outcome)).toBe('2\n');
    expect(textOf(outcome, 'main.py')).toContain('def inner(scale):\n        return scale\n');
  });

  test('turns the module of a part in the same file into plain names', async () => {
    const { plan, programs } = sketch('python', 'app.py', [
      { id: 'a', file: 'app.py', provides: ['one'], code: 'def one():\n    return 1\n' },
      { id: 'b', file: 'tools.py', provides: ['two'], code: 'def two():\n    return 2\n' },
      {
        id: 'c',
        file: 'app.py',
        provides: ['sum_up'],
        uses: ['one', 'two'],
        code: 'import app\nimport tools as t\ndef sum_up():\n    return app.one() + t.two()\nprint(sum_up())\n',
      },
    ]);
    expect(run(await mergeProgram(plan, programs))).toBe('3\n');
  });

  test('writes shared types once, with the imports that their declarations lack', async () => {
    const shared: SharedType = {
      name: 'Point',
      declaration: '@dataclass(frozen=True)\nclass Point:\n    x: float\n    y: Optional[float] = None',
      doc: '',
      file: 'models.py',
    };
    const { plan, programs } = sketch(
      'python',
      'main.py',
      [
        {
          id: 'norm',
          file: 'geometry.py',
          provides: ['norm'],
          code: 'from dataclasses import dataclass\n\n@dataclass\nclass Point:\n    x: float\n\ndef norm(p: Point) -> float:\n    return abs(p.x)\n',
        },
        {
          id: 'main',
          file: 'main.py',
          provides: ['main'],
          uses: ['norm'],
          code: 'def main():\n    print(norm(Point(-2.0)))\n\nif __name__ == "__main__":\n    main()\n',
        },
      ],
      [shared],
    );
    const outcome = await mergeProgram(plan, programs);
    expect(run(outcome)).toBe('2.0\n');
    expect(textOf(outcome, 'models.py')).toContain('from dataclasses import dataclass');
    expect(textOf(outcome, 'geometry.py')).not.toContain('class Point');
  });

  test('gives colliding imports of different things names of their own', async () => {
    const { plan, programs } = sketch('python', 'main.py', [
      {
        id: 'a',
        file: 'main.py',
        provides: ['fa'],
        code: 'from os.path import join\ndef fa():\n    return join("a", "b")\n',
      },
      {
        id: 'b',
        file: 'main.py',
        provides: ['fb'],
        uses: ['fa'],
        code: 'from shlex import join\ndef fb():\n    return fa() + join(["c", "d"])\nprint(fb())\n',
      },
    ]);
    expect(run(await mergeProgram(plan, programs))).toBe('a/bc d\n');
  });

  test('says what is missing and what goes in circles', async () => {
    const missing = sketch('python', 'main.py', [
      { id: 'a', file: 'main.py', provides: ['f'], code: 'def g(): return 1\n' },
    ]);
    expect(await mergeProgram(missing.plan, missing.programs)).toEqual({
      ok: false,
      problems: ['The part "a" does not define "f", which it must provide.'],
    });
    expect(await mergeProgram(missing.plan, new Map())).toMatchObject({
      ok: false,
      problems: ['The part "a" has no program.'],
    });
    const circle = sketch('python', 'main.py', [
      { id: 'a', file: 'main.py', provides: ['f'], code: 'def f(): return 1\n' },
      { id: 'b', file: 'b.py', provides: ['g'], uses: ['f'], code: 'def g(): return f()\n' },
      { id: 'c', file: 'main.py', provides: ['h'], uses: ['g'], code: 'def h(): return g()\n' },
    ]);
    expect(await mergeProgram(circle.plan, circle.programs)).toMatchObject({
      ok: false,
      problems: ['The files b.py, main.py import each other in a circle.'],
    });
  });

  test('links one part with what it depends on, and nothing else', async () => {
    const { plan, programs } = sketch('python', 'main.py', PYTHON_PARTS);
    const [report, , tidy] = plan.parts;
    if (report === undefined || tidy === undefined) throw new Error('no parts');
    const alone = await linkPart(plan, tidy, programs.get(tidy.id) as Program, new Map());
    expect(alone.ok && alone.program.files.map(({ path }) => path)).toEqual(['lib/text_utils.py']);
    const linked = await linkPart(plan, report, programs.get(report.id) as Program, programs);
    expect(run(linked)).toBe('{"hello": "<2.0>"}\n');
    const broken = await linkPart(plan, report, programs.get(report.id) as Program, new Map());
    expect(broken.ok).toBe(false);
  });
});

const SHAPE: SharedType = {
  name: 'Shape',
  declaration: 'interface Shape { kind: string; size: number }',
  doc: '',
  file: 'shapes.ts',
};

describe('merging TypeScript', { timeout: 90_000 }, () => {
  test('joins files and symbols, and the result type-checks and runs', async () => {
    const { plan, programs } = sketch(
      'typescript',
      'main.ts',
      [
        {
          id: 'area',
          file: 'shapes.ts',
          provides: ['area'],
          code: 'interface Shape { kind: string; size: number }\nconst helper = (n: number): number => n * n;\nexport default function area(shape: Shape): number { return helper(shape.size); }\nconsole.log("demo");\n',
        },
        {
          id: 'total',
          file: 'shapes.ts',
          provides: ['total'],
          uses: ['area'],
          code: "import area, { type Shape } from './shapes';\nfunction helper(a: number, b: number) { return a + b; }\nfunction total(shapes: Shape[]): number { return shapes.map(area).reduce(helper, 0); }\nexport { total };\n",
        },
        {
          id: 'main',
          file: 'main.ts',
          provides: ['main'],
          uses: ['total'],
          code: "import { total as sum } from './shapes.js';\nimport type { Shape } from './types';\nimport * as path from 'node:path';\nexport function main(): string { const one: Shape = { kind: 'square', size: 2 }; return path.join('total', String(sum([one, one]))); }\nconsole.log(main());\n",
        },
      ],
      [SHAPE],
    );
    const outcome = await mergeProgram(plan, programs);
    expect(run(outcome)).toBe('total/8\n');
    expect(textOf(outcome, 'shapes.ts').match(/interface Shape/g)).toHaveLength(1);
    expect(textOf(outcome, 'shapes.ts')).toContain('function helper_total(');
    expect(textOf(outcome, 'main.ts')).toContain("import { total as sum, type Shape } from './shapes.ts';");
  });

  test('turns CommonJS parts into modules', async () => {
    const { plan, programs } = sketch('javascript', 'src/main.js', [
      {
        id: 'slug',
        file: 'src/slug.js',
        provides: ['slug'],
        code: 'const slug = (text) => text.toLowerCase();\nmodule.exports = { slug };\n',
      },
      {
        id: 'main',
        file: 'src/main.js',
        provides: ['main'],
        uses: ['slug'],
        code: "const { slug } = require('./slug');\nconst { join } = require('node:path');\nfunction main() { return join('a', slug('B')); }\nmodule.exports = main;\nif (true) console.log(main());\n",
      },
    ]);
    expect(run(await mergeProgram(plan, programs))).toBe('a/b\n');
  });
});
