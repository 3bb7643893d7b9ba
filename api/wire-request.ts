import { z } from '@hono/zod-openapi';
import { LANGUAGES } from '../domain/language.ts';
import type { Language } from '../domain/language.ts';
import type { Example, Priority, RequestLimits, SourceFile, SynthesisRequest } from '../domain/request.ts';
import { isSafePath } from '../domain/safe-path.ts';
import { DEFAULT_NAMESPACE, NAMESPACE, NAMESPACE_RULE } from '../domain/namespace.ts';

/** What the body's rules and defaults depend on. */
export interface RequestRules {
  readonly maxPromptCharacters: number;
  readonly maxTokens: number;
  readonly limits: RequestLimits;
}

// Enough for a project's own tests or files; larger sets belong into a repository, not into a prompt.
const MAX_FILES = 100;
const MAX_EXAMPLES = 200;
// A workflow history ends at 51,200 events and one model call takes about a dozen; half of that is kept for everything else.
const MAX_MODEL_CALLS = 2_000;
// One day: beyond that nobody is waiting any more.
const MAX_MINUTES = 1_440;
// The largest context window of the models that Ollama serves.
const MAX_ANSWER_TOKENS = 262_144;
// Agreement between more candidates than this adds nothing.
const MAX_CANDIDATES = 32;
const MAX_PARTS = 64;
const MAX_REPAIR_ROUNDS = 10;

function hasDistinctPaths(files: readonly { readonly path: string }[]): boolean {
  return new Set(files.map((file) => file.path)).size === files.length;
}

const sourceFileSchema = z.strictObject({
  path: z.string().refine(isSafePath, {
    error: "must be a relative path with forward slashes inside the program's folder, with no hidden or reserved name",
  }),
  content: z.string(),
});

const sourceFilesSchema = z
  .array(sourceFileSchema)
  .max(MAX_FILES)
  .refine(hasDistinctPaths, { error: 'must not name the same path twice' });

const exampleSchema = z.strictObject({ call: z.string().trim().min(1), expected: z.string().trim().min(1) });

const limitsSchema = z.strictObject({
  model_calls: z.int().min(1).max(MAX_MODEL_CALLS).optional(),
  tokens: z.int().min(1).optional(),
  minutes: z.number().positive().max(MAX_MINUTES).optional(),
  parts: z.int().min(1).max(MAX_PARTS).optional(),
  repair_rounds: z.int().min(0).max(MAX_REPAIR_ROUNDS).optional(),
});

/** Characters that are safe in a workflow ID, a URL path and a file name. */
export const WORKFLOW_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/;

/** Schema of the body of `POST /generate`. It fills in nothing, so that what was sent can be hashed. */
export function createGenerateBodySchema(rules: Pick<RequestRules, 'maxPromptCharacters'>) {
  return z
    .strictObject({
      prompt: z
        .string()
        .max(rules.maxPromptCharacters)
        .refine((text) => text.trim() !== '', { error: 'must not be empty' })
        .openapi({ example: 'Create a Python function to calculate fibonacci numbers' }),
      temperature: z.number().min(0).max(2).optional(),
      max_tokens: z.int().min(1).max(MAX_ANSWER_TOKENS).optional(),
      language: z.enum(LANGUAGES).optional(),
      models: z.array(z.string().trim().min(1)).max(16).optional(),
      tests: z.union([z.string().trim().min(1), sourceFilesSchema]).optional(),
      examples: z.array(exampleSchema).max(MAX_EXAMPLES).optional(),
      context: z.string().optional(),
      files: sourceFilesSchema.optional(),
      candidates: z.int().min(1).max(MAX_CANDIDATES).optional(),
      decompose: z.enum(['auto', 'always', 'never']).optional(),
      priority: z.int().min(1).max(5).optional().openapi({ description: '1 is served first, 5 last; default 3.' }),
      namespace: z
        .string()
        .regex(NAMESPACE, { error: `must be ${NAMESPACE_RULE}` })
        .optional()
        .openapi({
          description: `Your project or user: hosts are shared out evenly between them. Default "${DEFAULT_NAMESPACE}".`,
        }),
      fresh: z.boolean().optional().openapi({ description: 'True: do not recall an earlier answer.' }),
      limits: limitsSchema.optional(),
      workflow_id: z
        .string()
        .regex(WORKFLOW_ID, { error: 'must be 1 to 200 letters, digits, ".", "_" or "-", the first a letter or digit' })
        .optional(),
    })
    .openapi('GenerateRequest');
}

/** The body of `POST /generate`. */
export type GenerateBody = z.infer<ReturnType<typeof createGenerateBodySchema>>;

/** The request that a body asks for, with every default filled in. */
export function toSynthesisRequest(body: GenerateBody, rules: RequestRules): SynthesisRequest {
  return {
    prompt: body.prompt,
    ...(body.language !== undefined && { language: body.language }),
    ...(body.temperature !== undefined && { temperature: body.temperature }),
    maxTokens: body.max_tokens ?? rules.maxTokens,
    models: body.models ?? [],
    tests: toTestFiles(body.tests, body.language),
    examples: (body.examples ?? []).map((example): Example => ({ ...example, source: 'user' })),
    ...(body.context !== undefined && { context: body.context }),
    files: body.files ?? [],
    ...(body.candidates !== undefined && { candidates: body.candidates }),
    decompose: body.decompose ?? 'auto',
    priority: (body.priority ?? 3) as Priority,
    namespace: body.namespace ?? DEFAULT_NAMESPACE,
    fresh: body.fresh ?? false,
    limits: toLimits(body.limits, rules.limits),
  };
}

function toLimits(sent: GenerateBody['limits'], defaults: RequestLimits): RequestLimits {
  return {
    modelCalls: sent?.model_calls ?? defaults.modelCalls,
    tokens: sent?.tokens ?? defaults.tokens,
    minutes: sent?.minutes ?? defaults.minutes,
    parts: sent?.parts ?? defaults.parts,
    repairRounds: sent?.repair_rounds ?? defaults.repairRounds,
  };
}

function toTestFiles(tests: GenerateBody['tests'], language: Language | undefined): readonly SourceFile[] {
  if (tests === undefined) return [];
  if (typeof tests !== 'string') return tests;
  return [{ path: nameTestFile(tests, language), content: tests }];
}

const PYTHON_TEST = /^\s*(def |class \w+.*:|assert |from [\w.]+ import |import [\w.]+\s*$)/m;

/** A file name by which the test runner of the language finds the code. Without a language the code itself tells. */
function nameTestFile(code: string, language: Language | undefined): string {
  if (language === 'python') return 'test_program.py';
  if (language === 'javascript') return 'program.test.js';
  if (language === undefined && PYTHON_TEST.test(code)) return 'test_program.py';
  return 'program.test.ts';
}
