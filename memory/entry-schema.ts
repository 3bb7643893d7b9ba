import { z } from 'zod';
import { ENTRY_KINDS, type KeptEntry, type MemoryEntry } from '../domain/memory-entry.ts';
import { LANGUAGES } from '../domain/language.ts';
import { NAMESPACE } from '../domain/namespace.ts';
import { CHECK_KINDS } from '../domain/verdict.ts';
import { createEntryId } from './entry-id.ts';

/** What a text that claims to be an entry turned out to be. */
export type EntryReading =
  | { readonly entry: MemoryEntry }
  /** The first rule that it breaks, with the name of the field. */
  | { readonly problem: string };

const hash = z.string().regex(/^[0-9a-f]{64}$/, { error: 'must be a SHA-256 in lower-case hexadecimal' });
// Always with milliseconds, as `toISOString` writes them: times are compared as texts.
const time = z.iso.datetime({ precision: 3, error: 'must be a time such as 2026-01-31T12:00:00.000Z' });
const amount = z.number().nonnegative();
const count = z.int().nonnegative();
const language = z.enum(LANGUAGES);

// Loose where only people read it on: a newer Hydra may say more of a check, and the answer is still one.
const check = z.looseObject({
  kind: z.enum(CHECK_KINDS),
  author: z.enum(['hydra', 'user', 'model', 'deno', 'pyright', 'ruff']),
  trusted: z.boolean(),
  inProcess: z.boolean(),
  outcome: z.enum(['passed', 'failed', 'error', 'timeout', 'skipped']),
  passedCount: count,
  totalCount: count,
  evidence: z.string(),
  durationMs: amount,
});

const part = z.looseObject({
  id: z.string().min(1),
  title: z.string(),
  state: z.enum(['verified', 'consistent', 'unverified', 'partial', 'failed']),
  model: z.string().nullable(),
  node: z.string().nullable(),
  attempts: count,
  tokens: count,
  seconds: amount,
});

const result = z.looseObject({
  state: z.literal('verified', { error: 'only a verified result may be remembered' }),
  language,
  programHash: hash,
  mainFile: z.string().min(1),
  checks: z.array(check),
  parts: z.array(part),
  explanations: z.array(z.string()),
  confidence: z.null(),
  runner: z.string().nullable(),
  recalledFrom: z.null({ error: 'what was recalled is never remembered again' }),
});

const answer = z
  .strictObject({ kind: z.literal('answer'), result, texts: z.record(hash, z.string()) })
  .refine(({ result, texts }) => Object.hasOwn(texts, result.programHash), {
    path: ['texts'],
    error: 'must hold the program that the result names',
  });

const value = z.discriminatedUnion('kind', [
  answer,
  z.strictObject({
    kind: z.literal('work'),
    language,
    request: z.string(),
    contract: z.string(),
    code: z.string(),
    tests: z.string(),
  }),
  z.strictObject({ kind: z.literal('lesson'), language, error: z.string(), fix: z.string() }),
  z.strictObject({ kind: z.literal('embedding'), model: z.string().min(1), vector: z.array(z.number()).min(1) }),
]);

const place = {
  namespace: z.string().regex(NAMESPACE, { error: 'must be a word of lower-case letters, or two joined by "/"' }),
  kind: z.enum(ENTRY_KINDS),
  key: hash,
};
// People read it in a terminal, and Postgres keeps no character 0.
const runId = z
  .string()
  .min(1)
  .max(200)
  .regex(/^\P{Cc}*$/u, { error: 'must not contain control characters' });
const written = { value, text: z.string(), runId, expiresAt: time.nullable() };
const head = { ...place, id: hash, version: z.int().min(1), updatedAt: time };

const entrySchema = z
  .discriminatedUnion('isDeleted', [
    z.strictObject({ ...head, isDeleted: z.literal(true) }),
    z.strictObject({ ...head, ...written, isDeleted: z.literal(false), createdAt: time }),
  ])
  .refine((entry) => entry.isDeleted || entry.kind === entry.value.kind, {
    path: ['value', 'kind'],
    error: 'must be the kind of the entry',
  })
  .refine((entry) => entry.id === createEntryId(entry as MemoryEntry), {
    path: ['id'],
    error: 'must be that of namespace, kind and key',
  });

const newEntrySchema = z.strictObject({ ...place, ...written }).refine((entry) => entry.kind === entry.value.kind, {
  path: ['value', 'kind'],
  error: 'must be the kind of the entry',
});

/**
 * What comes from elsewhere may have no higher version. The record counts on from it, and must never come to a number that is
 * not read any more, or not exactly.
 */
export const HIGHEST_TAKEN_VERSION = 1_000_000_000;

/** The entry that a value from a tier, a row or a file is, or what is wrong with it. Unknown fields are wrong, too. */
export function parseEntry(json: unknown): EntryReading {
  const parsed = entrySchema.safeParse(json);
  // The brands of IDs exist for the compiler only, which therefore has to be told.
  return parsed.success ? { entry: parsed.data as unknown as MemoryEntry } : { problem: explain(parsed.error) };
}

/** The entry that a value from a tier or a row is; undefined for anything else, which counts as a miss. */
export function readEntry(json: unknown): MemoryEntry | undefined {
  const reading = parseEntry(json);
  return 'entry' in reading ? reading.entry : undefined;
}

/** The first rule that an entry breaks which somebody wants to put; undefined when it may be kept. */
export function findEntryProblem(entry: unknown): string | undefined {
  const { error } = newEntrySchema.safeParse(entry);
  return error && explain(error);
}

/** True for an entry that may be used now: neither deleted nor expired. */
export function isLive(entry: MemoryEntry, nowMs: number): entry is KeptEntry {
  return !entry.isDeleted && (entry.expiresAt === null || Date.parse(entry.expiresAt) > nowMs);
}

function explain(error: z.ZodError): string {
  const [first] = error.issues;
  if (first === undefined) return 'not an entry';
  return first.path.length === 0 ? first.message : `${first.path.join('.')}: ${first.message}`;
}
