import { describe, expect, test } from 'vitest';
import { readPlan } from '../../activities/read-plan.ts';
import type { PlanAnswer } from '../../activities/prompts/plan-parts.ts';
import { aClassification } from '../support/candidates.ts';

type Part = PlanAnswer['parts'][number];
const part = (id: string, change: Partial<Part> = {}): Part => ({
  id,
  title: id,
  kind: 'function',
  file: `${id}.py`,
  provides: [{ name: `do_${id}`, signature: `def do_${id}() -> int`, doc: '' }],
  uses: [],
  requirements: [],
  examples: [],
  ...change,
});
const answer = (parts: Part[], change: Partial<PlanAnswer> = {}): PlanAnswer => ({
  summary: 's',
  files: [{ path: 'main.py', purpose: 'entry' }],
  shared_types: [],
  parts,
  main_file: 'main.py',
  ...change,
});
const MAIN = part('main', { uses: [{ part: 'a', symbol: 'do_a' }] });
const CLASSIFIED = aClassification({ entryPoints: [], entryPointsBy: 'nobody' });

function problemsOf(plan: PlanAnswer, maxParts = 8): string {
  const reading = readPlan(plan, CLASSIFIED, maxParts);
  return reading.kind === 'refused' ? reading.problems.join('\n') : '';
}

describe('the gate of a plan', () => {
  test('a plan that holds together passes', () => {
    expect(readPlan(answer([MAIN, part('a')]), CLASSIFIED, 8)).toMatchObject({
      kind: 'plan',
      plan: { mainFile: 'main.py' },
    });
  });

  test('parts that use each other in a circle are refused with the circle', () => {
    const circle = [
      MAIN,
      part('a', { uses: [{ part: 'b', symbol: 'do_b' }] }),
      part('b', { uses: [{ part: 'a', symbol: 'do_a' }] }),
    ];
    expect(problemsOf(answer(circle))).toContain('a -> b -> a');
  });

  test('a part that uses itself is a circle', () => {
    expect(problemsOf(answer([part('main', { uses: [{ part: 'main', symbol: 'do_main' }] })]))).toContain(
      'main -> main',
    );
  });

  test.each(['../evil.py', '/etc/passwd', 'a/../../b.py', 'C:\\x.py', 'a\0b.py'])('the path %j is refused', (file) => {
    expect(problemsOf(answer([MAIN, part('a', { file })]))).toContain('must be relative');
  });

  test('an id that is used twice, a name with two owners and a use of nothing are all named at once', () => {
    const problems = problemsOf(
      answer([MAIN, part('a'), part('a'), part('c', { uses: [{ part: 'z', symbol: 'q' }] })]),
    );
    expect(problems).toContain('"a" is used twice');
    expect(problems).toContain('provide "do_a"');
    expect(problems).toContain('"z", which does not exist');
  });

  test('a symbol that the other part does not provide is refused', () => {
    expect(problemsOf(answer([part('main', { uses: [{ part: 'a', symbol: 'nope' }] }), part('a')]))).toContain(
      'which a does not provide',
    );
  });

  test('more parts than allowed are refused', () => {
    expect(problemsOf(answer([MAIN, part('a'), part('b')]), 2)).toContain('at most 2');
  });

  test('an id that could break a workflow ID is refused', () => {
    expect(problemsOf(answer([MAIN, part('a'), part('x/y')]))).toContain('"x/y"');
  });

  test('a name that the user asked for needs an owner', () => {
    const reading = readPlan(answer([MAIN, part('a')]), aClassification({ entryPoints: ['solve'] }), 8);
    expect(reading).toMatchObject({ kind: 'refused', problems: [expect.stringContaining('"solve"')] });
  });

  test('the main file needs an owner', () => {
    expect(problemsOf(answer([part('a')]))).toContain('main file main.py');
  });
});
