import { z } from '@hono/zod-openapi';
import { LANGUAGES } from '../domain/language.ts';
import { ENTRY_KINDS } from '../domain/memory-entry.ts';
import type { AnswerValue, EntryValue, KeptEntry } from '../domain/memory-entry.ts';
import type { Program } from '../domain/program.ts';
import { resultSchema, toWireResult } from './wire-run.ts';

const language = z.enum(LANGUAGES);

const valueSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('answer'), result: resultSchema }),
  z.object({
    kind: z.literal('work'),
    language,
    request: z.string(),
    contract: z.string(),
    code: z.string(),
    tests: z.string(),
  }),
  z.object({ kind: z.literal('lesson'), language, error: z.string(), fix: z.string() }),
  z.object({ kind: z.literal('embedding'), model: z.string(), vector: z.array(z.number()) }),
]);

const summaryFields = {
  id: z.string(),
  namespace: z.string(),
  kind: z.enum(ENTRY_KINDS),
  version: z.int(),
  title: z.string().openapi({ description: 'One line that tells people what it is.' }),
  workflow_id: z.string().openapi({ description: 'The run that it came from.' }),
  created_at: z.string(),
  updated_at: z.string(),
  expires_at: z.string().nullable().openapi({ description: 'Null: kept until retention removes it.' }),
};

/** An entry as one line of a list. */
const entrySummarySchema = z.object(summaryFields).openapi('EntrySummary');

/** One entry with all that is kept of it. */
export const entrySchema = z
  .object({
    ...summaryFields,
    key: z.string().openapi({ description: 'Hash of what it answers.' }),
    text: z.string().openapi({ description: 'What the search reads; empty for kinds that are not searched.' }),
    value: valueSchema,
  })
  .openapi('Entry');

/** One page of entries, in the order of their IDs. */
export const entryListSchema = z
  .object({ entries: z.array(entrySummarySchema), next_cursor: z.string().nullable() })
  .openapi('EntryList');

type WireEntrySummary = z.infer<typeof entrySummarySchema>;
export type WireEntry = z.infer<typeof entrySchema>;
export type WireEntryList = z.infer<typeof entryListSchema>;

export function toWireEntrySummary(entry: KeptEntry): WireEntrySummary {
  return {
    id: entry.id,
    namespace: entry.namespace,
    kind: entry.kind,
    version: entry.version,
    title: titleOf(entry),
    workflow_id: entry.runId,
    created_at: entry.createdAt,
    updated_at: entry.updatedAt,
    expires_at: entry.expiresAt,
  };
}

export function toWireEntry(entry: KeptEntry): WireEntry {
  return { ...toWireEntrySummary(entry), key: entry.key, text: entry.text, value: toWireValue(entry.value) };
}

function toWireValue(value: EntryValue): WireEntry['value'] {
  switch (value.kind) {
    case 'answer':
      return { kind: value.kind, result: toWireResult(value.result, readProgram(value)) };
    case 'embedding':
      return { ...value, vector: [...value.vector] };
    case 'work':
    case 'lesson':
      return { ...value };
    default:
      return value satisfies never;
  }
}

/** Undefined when no program came out, or what an import brought is none. */
function readProgram({ result, texts }: AnswerValue): Program | undefined {
  const text = result.programHash === null ? undefined : texts[result.programHash];
  try {
    return text === undefined ? undefined : (JSON.parse(text) as Program);
  } catch {
    return undefined;
  }
}

// Two lines of a terminal.
const TITLE_CHARACTERS = 160;

function titleOf({ value }: KeptEntry): string {
  return firstLine(describeValue(value)).slice(0, TITLE_CHARACTERS);
}

function describeValue(value: EntryValue): string {
  switch (value.kind) {
    case 'answer':
      return `${value.result.state} ${value.result.language} in ${value.result.mainFile}`;
    case 'work':
      return value.request;
    case 'lesson':
      return value.error;
    case 'embedding':
      return `${value.vector.length} dimensions of ${value.model}`;
    default:
      return value satisfies never;
  }
}

function firstLine(text: string): string {
  return /\S.*/.exec(text)?.[0].trimEnd() ?? '';
}
