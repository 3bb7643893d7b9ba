import type { NodeId, PartId, RunId, StepKey } from './ids.ts';
import type { Phase, RunStatus } from './run.ts';

/** What can happen in a run, as its readers see it. Names are noun.verb. */
export type RunEventBody =
  | { readonly type: 'phase.started'; readonly phase: Phase; readonly note: string }
  /** A part of the plan goes on or has ended. */
  | { readonly type: 'part.changed'; readonly title: string; readonly doing: string; readonly done: boolean }
  | {
      readonly type: 'model.started';
      readonly role: string;
      readonly model: string;
      readonly nodeId: NodeId;
      readonly why: string;
    }
  /** No host could take the call at once. */
  | { readonly type: 'model.waiting'; readonly model: string; readonly reason: string }
  | { readonly type: 'text.delta'; readonly text: string }
  | { readonly type: 'model.finished'; readonly completionTokens: number; readonly durationMs: number }
  | { readonly type: 'model.rerouted'; readonly nodeId: NodeId; readonly reason: string }
  | { readonly type: 'candidate.verified'; readonly outcome: 'accepted' | 'rejected'; readonly summary: string }
  | { readonly type: 'run.finished'; readonly status: RunStatus; readonly summary: string };

/** Where an event belongs. `attempt` numbers the executions of one step: readers drop `text.delta` of older attempts. */
export interface RunEventScope {
  readonly runId: RunId;
  readonly partId: PartId | null;
  readonly stepKey: StepKey | null;
  readonly attempt: number;
}

/** An event that is about to be stored; the store gives it its sequence and time. */
export type NewRunEvent = RunEventScope & { readonly body: RunEventBody };

/** An event as stored. `sequence` grows by one per run and is given in the writing transaction; `at` is ISO 8601. */
export type RunEvent = NewRunEvent & { readonly sequence: number; readonly at: string };
