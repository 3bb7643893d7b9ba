import { z } from '@hono/zod-openapi';
import { LANGUAGES } from '../domain/language.ts';
import type { Program } from '../domain/program.ts';
import type { PartReport, SynthesisResult } from '../domain/result.ts';
import { PHASES, RUN_STATUSES } from '../domain/run.ts';
import type { RunProgress, RunRecord } from '../domain/run.ts';
import { CHECK_KINDS } from '../domain/verdict.ts';
import type { Check } from '../domain/verdict.ts';
import type { Wait } from './list-waits.ts';

export const RESULT_STATES = ['verified', 'consistent', 'unverified', 'partial'] as const;

const checkSchema = z
  .object({
    kind: z.enum(CHECK_KINDS),
    author: z.string().openapi({ description: 'Who wrote the check: hydra, user, model, or the tool.' }),
    trusted: z.boolean(),
    in_process: z.boolean(),
    outcome: z.enum(['passed', 'failed', 'error', 'timeout', 'skipped']),
    passed_count: z.int(),
    total_count: z.int(),
    evidence: z.string(),
    duration_ms: z.number(),
  })
  .openapi('Check');

const partReportSchema = z
  .object({
    id: z.string(),
    title: z.string(),
    state: z.enum([...RESULT_STATES, 'failed']),
    model: z.string().nullable(),
    node: z.string().nullable(),
    attempts: z.int(),
    tokens: z.int(),
    seconds: z.number(),
  })
  .openapi('PartReport');

/** What came out of a run. */
export const resultSchema = z
  .object({
    state: z.enum(RESULT_STATES),
    language: z.enum(LANGUAGES),
    code: z.string().nullable().openapi({ description: 'Text of the main file; null when no program came out.' }),
    main_file: z.string(),
    files: z.array(z.object({ path: z.string(), content: z.string() })),
    checks: z.array(checkSchema),
    parts: z.array(partReportSchema),
    explanations: z.array(z.string()),
    confidence: z.null(),
    runner: z.string().nullable(),
    recalled_from: z.string().nullable(),
  })
  .openapi('Result');

const progressSchema = z
  .object({
    phase: z.enum(PHASES),
    parts: z.array(z.object({ id: z.string(), title: z.string(), doing: z.string(), done: z.boolean() })),
    model_calls: z.int(),
    tokens: z.int(),
    waiting: z
      .array(
        z.object({
          part: z.string().nullable(),
          model: z.string().nullable().openapi({ description: 'Null: no host has shown any model.' }),
          reason: z.string(),
          calls: z.int(),
          since: z.string(),
        }),
      )
      .openapi({ description: 'What model calls wait for: a host, a model or a free slot.' }),
  })
  .openapi('Progress');

const runErrorSchema = z
  .object({ type: z.string(), message: z.string(), details: z.record(z.string(), z.unknown()) })
  .openapi('RunError');

const summaryFields = {
  workflow_id: z.string(),
  status: z.enum(RUN_STATUSES),
  prompt: z.string(),
  priority: z.int(),
  created_at: z.string(),
  updated_at: z.string(),
  status_url: z.string(),
  events_url: z.string(),
};

/** A run with everything that is known of it. */
export const runSchema = z
  .object({
    ...summaryFields,
    progress: progressSchema.nullable(),
    result: resultSchema.nullable(),
    error: runErrorSchema.nullable(),
  })
  .openapi('Run');

/** A run as one line of a list. */
export const runSummarySchema = z
  .object({
    ...summaryFields,
    state: z.enum(RESULT_STATES).nullable(),
    language: z.enum(LANGUAGES).nullable(),
    error: runErrorSchema.nullable(),
  })
  .openapi('RunSummary');

/** One page of runs, newest first. */
export const runListSchema = z
  .object({ runs: z.array(runSummarySchema), next_cursor: z.string().nullable() })
  .openapi('RunList');

/** Answer to a request that was accepted and not waited for. */
export const acceptedSchema = z
  .object({
    workflow_id: z.string(),
    status: z.enum(RUN_STATUSES),
    status_url: z.string(),
    events_url: z.string(),
  })
  .openapi('Accepted');

export type WireRun = z.infer<typeof runSchema>;
export type WireRunSummary = z.infer<typeof runSummarySchema>;
export type WireRunList = z.infer<typeof runListSchema>;
export type WireAccepted = z.infer<typeof acceptedSchema>;
export type WireCheck = z.infer<typeof checkSchema>;
export type WireResult = z.infer<typeof resultSchema>;

/** Address of a run below the API's own address. */
export function statusPath(runId: string): string {
  return `/runs/${encodeURIComponent(runId)}`;
}

// A list shows the beginning of a prompt; the run itself has all of it.
const EXCERPT_CHARACTERS = 200;

/** The run on the wire. `program` is what `result.programHash` names; `waits` are those of an open run. */
export function toWireRun(run: RunRecord, program: Program | undefined, waits: readonly Wait[] = []): WireRun {
  return {
    ...toSummaryFields(run, run.prompt),
    progress: run.progress && toWireProgress(run.progress, waits),
    result: run.result && toWireResult(run.result, program),
    error: run.error && { ...run.error },
  };
}

export function toWireSummary(run: RunRecord): WireRunSummary {
  return {
    ...toSummaryFields(run, run.prompt.slice(0, EXCERPT_CHARACTERS)),
    state: run.result?.state ?? null,
    language: run.result?.language ?? null,
    error: run.error && { ...run.error },
  };
}

export function toAccepted(runId: string, status: RunRecord['status']): WireAccepted {
  const statusUrl = statusPath(runId);
  return { workflow_id: runId, status, status_url: statusUrl, events_url: `${statusUrl}/events` };
}

function toSummaryFields(run: RunRecord, prompt: string) {
  return {
    ...toAccepted(run.id, run.status),
    prompt,
    priority: run.priority,
    created_at: run.createdAt,
    updated_at: run.updatedAt,
  };
}

function toWireProgress(progress: RunProgress, waits: readonly Wait[]): WireRun['progress'] {
  return {
    phase: progress.phase,
    parts: progress.parts.map((part) => ({ ...part })),
    model_calls: progress.modelCalls,
    tokens: progress.tokens,
    waiting: waits.map((wait) => ({ ...wait })),
  };
}

/** `program` is what `programHash` of the result names. */
export function toWireResult(result: SynthesisResult, program: Program | undefined): WireResult {
  const files = program?.files ?? [];
  return {
    state: result.state,
    language: result.language,
    code: files.find((file) => file.path === result.mainFile)?.content ?? null,
    main_file: result.mainFile,
    files: files.map((file) => ({ ...file })),
    checks: result.checks.map(toWireCheck),
    parts: result.parts.map((part: PartReport) => ({ ...part })),
    explanations: [...result.explanations],
    confidence: result.confidence,
    runner: result.runner,
    recalled_from: result.recalledFrom,
  };
}

function toWireCheck(check: Check): WireCheck {
  return {
    kind: check.kind,
    author: check.author,
    trusted: check.trusted,
    in_process: check.inProcess,
    outcome: check.outcome,
    passed_count: check.passedCount,
    total_count: check.totalCount,
    evidence: check.evidence,
    duration_ms: check.durationMs,
  };
}
