import type { PartId, RunId } from './ids.ts';
import type { FailureReport } from './failure.ts';
import type { SynthesisResult } from './result.ts';
import type { Priority, SynthesisRequest } from './request.ts';

export const RUN_STATUSES = ['queued', 'running', 'completed', 'failed', 'cancelled'] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

/** True for a status that no longer changes. */
export function isTerminal(status: RunStatus): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled';
}

/** Phases in the order of the pipeline. */
export const PHASES = ['recall', 'classify', 'attempt', 'decompose', 'build', 'merge', 'verify', 'record'] as const;
export type Phase = (typeof PHASES)[number];

export interface PartProgress {
  readonly id: PartId;
  readonly title: string;
  /** What it was decided to do last, such as `writing and checking candidates 3 and 4 of 8`; once done, how it ended. */
  readonly doing: string;
  readonly done: boolean;
}

export interface RunProgress {
  readonly phase: Phase;
  readonly parts: readonly PartProgress[];
  readonly modelCalls: number;
  readonly tokens: number;
}

/** One row of the run table: a projection of the workflow that the API reads. Times are ISO 8601 in UTC. */
export interface RunRecord {
  readonly id: RunId;
  readonly prompt: string;
  readonly status: RunStatus;
  readonly priority: Priority;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly progress: RunProgress | null;
  readonly result: SynthesisResult | null;
  readonly error: FailureReport | null;
}

/** The row of a run that was accepted and has not begun. */
export function queuedRun(id: RunId, request: SynthesisRequest, createdAt = new Date().toISOString()): RunRecord {
  return {
    id,
    prompt: request.prompt,
    status: 'queued',
    priority: request.priority,
    createdAt,
    updatedAt: createdAt,
    progress: null,
    result: null,
    error: null,
  };
}
