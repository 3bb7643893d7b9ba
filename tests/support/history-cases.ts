import type { SynthesisRequest } from '../../domain/request.ts';
import type { Question } from '../../models/simulated-node/answer-source.ts';
import type { SimulatedFault } from '../../models/simulated-node/faults.ts';

/** One run that is recorded: what is asked, what the model says, and what goes wrong. */
export interface HistoryCase {
  /** Name of the run and of its file. */
  readonly id: string;
  readonly request: Partial<SynthesisRequest>;
  readonly answer: (question: Question) => string | undefined;
  /** Hits the calls on each node; `times` says how many. */
  readonly fault?: SimulatedFault;
  /** Cancels the run once a model writes for it. */
  readonly isCancelled?: true;
  /** Parts whose child workflows are recorded, too. */
  readonly parts?: readonly string[];
  readonly ends: { readonly status: 'completed' | 'failed' | 'cancelled'; readonly state?: string };
}

const code = (body: string): string => `\`\`\`javascript\n${body}\n\`\`\``;
const ADD = code('export function add(a, b) {\n  return a + b;\n}');
const SUBTRACT = code('export function add(a, b) {\n  return a - b;\n}');
const REFUSAL = 'I would rather not.';
const ADD_REQUEST = {
  prompt: 'Write a JavaScript function add(a, b).',
  language: 'javascript',
  examples: [{ call: 'add(2, 3)', expected: '5', source: 'user' }],
  candidates: 1,
  decompose: 'never',
} as const;
const FRESH = { ...ADD_REQUEST, fresh: true } as const;
const VERIFIED = { status: 'completed', state: 'verified' } as const;

const part = (
  id: string,
  file: string,
  signature: string,
  uses: readonly object[],
  call: string,
  expected: string,
) => ({
  id,
  title: `write ${id}`,
  kind: 'function',
  file,
  provides: [{ name: id, signature, doc: 'Numbers in, a number out.' }],
  uses,
  requirements: [],
  examples: [{ call, expected }],
});
const PLAN = {
  summary: 'Double both numbers, then add them.',
  files: [
    { path: 'double.js', purpose: 'doubling' },
    { path: 'main.js', purpose: 'entry' },
  ],
  shared_types: [],
  parts: [
    part('double', 'double.js', 'function double(a)', [], 'double(2)', '4'),
    part(
      'sumOfDoubles',
      'main.js',
      'function sumOfDoubles(a, b)',
      [{ part: 'double', symbol: 'double' }],
      'sumOfDoubles(1, 2)',
      '6',
    ),
  ],
  main_file: 'main.js',
};
const DOUBLE = code('export function double(a) {\n  return a * 2;\n}');
const SUM_OF_DOUBLES = code(
  "import { double } from './double.js';\n\nexport function sumOfDoubles(a, b) {\n  return double(a) + double(b);\n}",
);
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

/** True when the answer is to be JSON with this field. */
const wants = ({ format }: Question, field: string): boolean => JSON.stringify(format ?? '').includes(`"${field}"`);

/** Every way through the workflows that a run in the wild may have taken, each in one run. */
export const HISTORY_CASES: readonly HistoryCase[] = [
  { id: 'verified', request: ADD_REQUEST, answer: () => ADD, ends: VERIFIED },
  // The request of the case before, answered from what is remembered: record the two together.
  { id: 'recalled', request: ADD_REQUEST, answer: () => REFUSAL, ends: VERIFIED },
  {
    id: 'repaired',
    request: FRESH,
    answer: ({ prompt }) => (prompt.includes('is not right yet') ? ADD : SUBTRACT),
    ends: VERIFIED,
  },
  {
    id: 'classified-by-model',
    request: {
      prompt: 'I want two numbers put together in JavaScript.',
      candidates: 2,
      decompose: 'never',
      fresh: true,
    },
    answer: (question) => {
      if (wants(question, 'entry_points')) return JSON.stringify(CLASSIFICATION);
      return wants(question, 'calls') ? JSON.stringify({ calls: [{ call: 'add(2, 3)', expected: '5' }] }) : ADD;
    },
    ends: { status: 'completed', state: 'consistent' },
  },
  {
    id: 'rerouted',
    request: FRESH,
    answer: () => ADD,
    fault: { kind: 'die_mid_stream', afterTokens: 3, times: 1 },
    ends: VERIFIED,
  },
  {
    id: 'reduced',
    request: FRESH,
    answer: () => ADD,
    fault: { kind: 'out_of_memory', fitsContextTokens: 4096 },
    ends: VERIFIED,
  },
  {
    id: 'decomposed',
    request: {
      prompt: 'Write a JavaScript function sumOfDoubles(a, b).',
      language: 'javascript',
      examples: [{ call: 'sumOfDoubles(1, 2)', expected: '6', source: 'user' }],
      candidates: 1,
      decompose: 'always',
      fresh: true,
    },
    answer: (question) => {
      if (wants(question, 'main_file')) return JSON.stringify(PLAN);
      return question.prompt.includes('Your part is "write double"') ? DOUBLE : SUM_OF_DOUBLES;
    },
    parts: ['double', 'sumOfDoubles'],
    ends: VERIFIED,
  },
  {
    id: 'failed',
    request: { ...FRESH, decompose: 'auto' },
    answer: () => REFUSAL,
    ends: { status: 'failed' },
  },
  {
    id: 'cancelled',
    request: FRESH,
    answer: () => ADD,
    fault: { kind: 'stall_mid_stream', afterTokens: 2 },
    isCancelled: true,
    ends: { status: 'cancelled' },
  },
];

/** What a simulated host pulls is twice as large. */
const HALF_A_MODEL_BYTES = 1024 ** 3 / 2;

/** One pull that is recorded: one host pulls, and the other is brought to it. Its ID is the name of its file. */
export interface PullCase extends Pick<HistoryCase, 'id' | 'fault' | 'isCancelled'> {
  readonly ends: { readonly status: HistoryCase['ends']['status'] };
}

/** Every way in which a pull ends. */
export const PULL_CASES: readonly PullCase[] = [
  { id: 'pulled', ends: { status: 'completed' } },
  {
    id: 'pull-failed',
    fault: { kind: 'disk_full', afterBytes: HALF_A_MODEL_BYTES },
    ends: { status: 'failed' },
  },
  { id: 'pull-cancelled', isCancelled: true, ends: { status: 'cancelled' } },
];
