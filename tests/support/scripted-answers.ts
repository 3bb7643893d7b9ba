import type { Question } from '../../models/simulated-node/answer-source.ts';

const part = (id: string) => ({
  id,
  title: `write ${id}`,
  kind: 'function',
  file: 'main.js',
  provides: [{ name: id, signature: `function ${id}(a, b)`, doc: 'A number.' }],
  uses: [],
  requirements: [],
  examples: [],
});
const PLAN = {
  summary: 'Two parts.',
  files: [{ path: 'main.js', purpose: 'all' }],
  shared_types: [],
  parts: [part('add'), part('subtract')],
  main_file: 'main.js',
};
const CLASSIFICATION = {
  kind: 'function',
  language: 'javascript',
  entry_points: ['add'],
  needs_network: false,
  needs_files: false,
  needs_gui: false,
  packages: [],
  complexity: 'simple',
};
const code = (body: string): string => `\`\`\`javascript\n${body}\n\`\`\`\n`;
const PROGRAMS: Readonly<Record<string, string>> = {
  'wait for ever': code(
    'await new Promise((resolve) => setTimeout(resolve, 1e8));\nexport function add(a, b) {\n  return a + b;\n}',
  ),
  'hold much': code(
    'export function add(a, b) {\n  return new Uint8Array(400 << 20).fill(1).length > 0 ? a + b : 0;\n}',
  ),
};
const WRONG = code('export function add(a, b) {\n  return a - b;\n}');

/** Classifies and plans in the form asked for, and writes an `add` that is wrong, or does what the words in the prompt say. */
export function answerWrongly({ prompt, format }: Question): string {
  const form = JSON.stringify(format ?? '');
  if (form.includes('"main_file"')) return JSON.stringify(PLAN);
  if (form.includes('"entry_points"')) return JSON.stringify(CLASSIFICATION);
  if (form.includes('"calls"')) return JSON.stringify({ calls: [{ call: 'add(2, 3)', expected: '5' }] });
  const named = Object.keys(PROGRAMS).find((words) => prompt.includes(words));
  return PROGRAMS[named ?? ''] ?? WRONG;
}
