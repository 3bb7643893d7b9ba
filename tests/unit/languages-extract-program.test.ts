import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isSafePath } from '../../domain/safe-path.ts';
import { extractProgram, type Extraction } from '../../languages/extract-program.ts';

const PYTHON = { language: 'python', mainFile: 'main.py' } as const;
const TYPESCRIPT = { language: 'typescript', mainFile: 'main.ts' } as const;
const CODE = 'def double(x):\n    return 2 * x\n';

function filesOf(extraction: Extraction): Readonly<Record<string, string>> {
  if (!extraction.ok) throw new Error(extraction.problem);
  return Object.fromEntries(extraction.program.files.map(({ path, content }) => [path, content]));
}

async function pythonOf(answer: string): Promise<string | undefined> {
  return filesOf(await extractProgram(answer, PYTHON))['main.py'];
}

describe('one program in an answer', () => {
  const wrapped: readonly (readonly [string, string])[] = [
    ['a plain fence', `\`\`\`python\n${CODE}\`\`\``],
    ['talk around the fence', `Sure! Here it is:\n\n\`\`\`python\n${CODE}\`\`\`\n\nIt doubles **x**. Hope this helps!`],
    ['no fence at all', CODE],
    [
      'no fence and talk around',
      `Here is the function you asked for:\n\n${CODE}\nThis function doubles its argument.\n`,
    ],
    ['a fence without a language', `\`\`\`\n${CODE}\`\`\``],
    ['a tilde fence', `~~~py\n${CODE}~~~`],
    ['a longer fence', `\`\`\`\`python\n${CODE}\`\`\`\``],
    ['a fence that never ends', `Here:\n\`\`\`python\n${CODE}`],
    ['a wrong language tag', `\`\`\`javascript\n${CODE}\`\`\``],
    ['carriage returns', `\`\`\`python\r\n${CODE.replaceAll('\n', '\r\n')}\`\`\`\r\n`],
    ['NUL bytes and a byte order mark', `\uFEFF\`\`\`python\n${CODE.replace('2', '2\u0000')}\`\`\``],
    ['thinking before', `<think>\n\`\`\`python\ndef wrong(): pass\n\`\`\`\n</think>\n\`\`\`python\n${CODE}\`\`\``],
    ['thinking whose start is lost', `maybe def wrong()\n</think>\n\n\`\`\`python\n${CODE}\`\`\``],
    ['a usage fence after', `\`\`\`python\n${CODE}\`\`\`\nUsage:\n\`\`\`python\nprint(double(2))\n\`\`\``],
    ['a shell fence before', `\`\`\`bash\npip install numpy\n\`\`\`\n\`\`\`python\n${CODE}\`\`\``],
    ['output after', `\`\`\`python\n${CODE}\`\`\`\nOutput:\n\`\`\`\n4\n\`\`\``],
    [
      'tests after',
      `\`\`\`python\n${CODE}\`\`\`\n\`\`\`python\nimport pytest\ndef test_it():\n    assert double(1) == 2\n\`\`\``,
    ],
    [
      'console prompts',
      '```python\n>>> def double(x):\n...     return 2 * x\n...\n>>> double(2)\n4\n```'.replace(
        '>>> double(2)\n4\n',
        '',
      ),
    ],
    [
      'an indented fence in a list',
      `1. Write:\n\n   \`\`\`python\n   def double(x):\n       return 2 * x\n   \`\`\`\n`,
    ],
    ['a Markdown wrapper', `\`\`\`markdown\nHere:\n\`\`\`python\n${CODE}\`\`\`\n\`\`\``],
    ['template marks', `\`\`\`python\n${CODE}\`\`\`<|im_end|>`],
    ['a forgotten end before the next fence', `\`\`\`python\n${CODE}\`\`\`python\nprint(double(1))\n\`\`\``],
  ];
  test.each(wrapped)('comes out of %s', async (_, answer) => {
    expect((await pythonOf(answer))?.trim()).toBe(CODE.trim());
  });

  test('outlives an answer that repeats itself without end', async () => {
    for (const piece of ['</think>\n', '<think>\n', '```python\nx = 1\n', '```\n', 'f(']) {
      expect(await extractProgram(piece.repeat(50_000), PYTHON)).toHaveProperty('ok');
    }
  }, 60_000);

  test('keeps fences inside a docstring', async () => {
    const code = 'def f():\n    """Use it:\n\n```python\nf()\n```\n\n    and\n\n```\nok\n```\n    """\n    return 1\n';
    expect(await pythonOf(`\`\`\`python\n${code}\`\`\`\nThat is all.`)).toBe(code);
  });

  test('joins blocks that continue each other and says so', async () => {
    const answer =
      '```python\nimport math\ndef a():\n    return 1\n```\nThen:\n```python\ndef b():\n    return a()\n```';
    const extraction = await extractProgram(answer, PYTHON);
    expect(filesOf(extraction)['main.py']).toMatch(/def a[\s\S]*def b/);
    expect(extraction.ok && extraction.notes.join()).toContain('joined');
  });

  test('takes the corrected version of the same code, and not the alternative', async () => {
    const better = CODE.replace('2 * x', 'x + x');
    expect(await pythonOf(`\`\`\`python\n${CODE}\`\`\`\nFixed:\n\`\`\`python\n${better}\`\`\``)).toBe(better);
    expect(await pythonOf(`\`\`\`python\n${CODE}\`\`\`\nAlternatively:\n\`\`\`python\n${better}\`\`\``)).toBe(CODE);
  });

  test('hands over code that does not parse, for the parse check to judge', async () => {
    expect(await pythonOf('```python\ndef f(:\n    return 1\n```')).toBe('def f(:\n    return 1\n');
  });

  test('reads JSX, template strings and JavaScript tags for TypeScript', async () => {
    const code = 'export const f = (x: number): string => `a\n\\`\\`\\`\nb${x}`;\n';
    expect(filesOf(await extractProgram(`\`\`\`ts\n${code}\`\`\``, TYPESCRIPT))['main.ts']).toBe(code);
    const plain = 'export function f(x) { return x; }\n';
    expect(filesOf(await extractProgram(`\`\`\`js\n${plain}\`\`\``, TYPESCRIPT))['main.ts']).toBe(plain);
  });

  test('reads languages that are only parsed', async () => {
    const code = 'package main\n\nfunc main() {}\n';
    const extraction = await extractProgram(`\`\`\`go\n${code}\`\`\``, { language: 'go', mainFile: 'main.go' });
    expect(filesOf(extraction)['main.go']).toBe(code);
  });
});

describe('several files in an answer', () => {
  const main = 'from shapes import area\nprint(area(2))\n';
  const shapes = 'def area(r):\n    return r * r\n';
  const forms: readonly (readonly [string, string])[] = [
    ['the info string', `\`\`\`python main.py\n${main}\`\`\`\n\`\`\`python filename="shapes.py"\n${shapes}\`\`\``],
    ['a tag with a colon', `\`\`\`python:main.py\n${main}\`\`\`\n\`\`\`python:shapes.py\n${shapes}\`\`\``],
    ['headings', `### main.py\n\`\`\`python\n${main}\`\`\`\n### 2. \`shapes.py\`\n\`\`\`python\n${shapes}\`\`\``],
    ['bold labels', `**File: main.py**\n\n\`\`\`python\n${main}\`\`\`\n**shapes.py:**\n\`\`\`python\n${shapes}\`\`\``],
    [
      'sentences',
      `Create \`main.py\` like this:\n\`\`\`python\n${main}\`\`\`\nand "shapes.py" so:\n\`\`\`python\n${shapes}\`\`\``,
    ],
    [
      'an unnamed main program',
      `\`\`\`python\nfrom shapes import area\ndef run():\n    return area(2)\n\`\`\`\n\`shapes.py\`:\n\`\`\`python\n${shapes}\`\`\``,
    ],
  ];
  test.each(forms)('are named by %s', async (_, answer) => {
    const files = filesOf(await extractProgram(answer, PYTHON));
    expect(Object.keys(files).toSorted()).toEqual(['main.py', 'shapes.py']);
    expect(files['shapes.py']).toBe(shapes);
  });

  test('are named by a comment in the first line', async () => {
    const answer = `\`\`\`python\n# main.py\n${main}\`\`\`\n\`\`\`python\n# file: lib/shapes.py\n${shapes}\`\`\``;
    expect(Object.keys(filesOf(await extractProgram(answer, PYTHON)))).toEqual(['main.py', 'lib/shapes.py']);
  });

  test('are one main file when only one came under another name', async () => {
    const extraction = await extractProgram(`\`double.py\`:\n\`\`\`python\n${CODE}\`\`\``, PYTHON);
    expect(filesOf(extraction)).toEqual({ 'main.py': CODE });
    expect(extraction.ok && extraction.notes).toEqual(['double.py was renamed to main.py']);
  });

  test('leave out instructions and tests that nobody asked for', async () => {
    const answer = `\`main.py\`:\n\`\`\`python\n${CODE}\`\`\`\n\`README.md\`:\n\`\`\`md\n# Hi\n\`\`\`\n\`test_main.py\`:\n\`\`\`python\ndef test_a():\n    assert True\n\`\`\``;
    expect(Object.keys(filesOf(await extractProgram(answer, PYTHON)))).toEqual(['main.py']);
  });
});

describe('no program in an answer', () => {
  const answers: readonly (readonly [string, string])[] = [
    ['', 'empty'],
    ['<think>hm, let me see', 'only thinking'],
    ['I am sorry, I cannot help with that.', 'no code'],
    ['```java\npublic class A { public static void main(String[] a) { int x = 1; } }\n```', 'java instead of python'],
  ];
  test.each(answers)('%j is told as a problem', async (answer, problem) => {
    const extraction = await extractProgram(answer, PYTHON);
    expect(extraction.ok ? '' : extraction.problem).toContain(problem);
  });
});

describe('paths', () => {
  test('that leave the folder are never taken', async () => {
    for (const path of [
      '../evil.py',
      '/etc/passwd.py',
      'C:\\evil.py',
      'a/../../b.py',
      'con.py',
      'a//b.py',
      '.ssh/a.py',
    ]) {
      const files = filesOf(await extractProgram(`\`\`\`python filename=${path}\n${CODE}\`\`\``, PYTHON));
      expect(files).toEqual({ 'main.py': CODE });
    }
  });

  test('stay safe and extraction never throws, whatever the answer', async () => {
    const piece = fc.constantFrom(
      '```',
      '```python',
      '~~~',
      '````',
      '\n',
      '<think>',
      '</think>',
      'def f():',
      '    return 1',
      '>>> f()',
      '"""',
      "'",
      '# ../x.py',
      '```python ../../x.py',
      '### /etc/x.py',
      '`a\\b.py`:',
      '\u0000',
      '\r\n',
      'class A:',
      '{',
      '}',
      '(',
      'import x',
      '😀',
      '```ts title="a/b.ts"',
    );
    const answer = fc.oneof(
      fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join('\n')),
      fc.string({ unit: 'binary', maxLength: 200 }),
    );
    await fc.assert(
      fc.asyncProperty(answer, fc.constantFrom(PYTHON, TYPESCRIPT), async (text, request) => {
        const extraction = await extractProgram(text, request);
        if (!extraction.ok) return extraction.problem.length > 0;
        const { files, mainFile } = extraction.program;
        return files.every(({ path }) => isSafePath(path)) && files.some(({ path }) => path === mainFile);
      }),
      { numRuns: 300 },
    );
  }, 60_000);
});
