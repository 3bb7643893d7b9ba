import type { ModelUsage, Sample } from './candidate.ts';
import type { Classification } from './classification.ts';
import type { ContentHash, PartId, RunId, StepKey } from './ids.ts';
import type { PlanPart } from './plan.ts';
import type { ProgramScope } from './program-scope.ts';
import type { Example, Priority } from './request.ts';

/** What a model is asked for, with the references its prompt is made from. */
export type ModelTask =
  | { readonly role: 'classify' }
  | { readonly role: 'plan'; readonly classification: Classification; readonly attemptSummary: string | null }
  | { readonly role: 'write'; readonly scope: ProgramScope }
  | {
      readonly role: 'repair';
      readonly scope: ProgramScope;
      readonly programHash: ContentHash;
      readonly evidence: string;
      /** Lessons that memory offers for this error; see `Offer`. Absent or null: none. */
      readonly lessonsHash?: ContentHash | null;
    }
  | { readonly role: 'propose_calls'; readonly scope: ProgramScope };

export type ModelRole = ModelTask['role'];

/** An answer that broke its form: the model sees it once more with the problem. */
export interface InvalidAnswer {
  readonly answerHash: ContentHash;
  readonly problem: string;
}

/** How a call is made otherwise than planned, because it fitted into the memory of no host as it was. */
export interface ReducedCall {
  readonly plannedModel: string;
  readonly contextTokens: number;
}

/** One model call as a step of a run. Its key is a hash of all of this except `priority`, `title` and `reduced`. */
export interface ModelStep {
  readonly runId: RunId;
  readonly requestHash: ContentHash;
  readonly partId: PartId;
  readonly task: ModelTask;
  readonly sample: Sample;
  readonly invalidAnswer: InvalidAnswer | null;
  readonly priority: Priority;
  /** For the Web UI, such as `write parser.py, candidate 2`. */
  readonly title: string;
  /** What memory offers to the run; see `Offer`. Absent or null: nothing. */
  readonly offeredHash?: ContentHash | null;
  readonly reduced?: ReducedCall;
}

/** What was read out of an answer. */
export type AnswerReading =
  | { readonly kind: 'classification'; readonly classification: Classification }
  | { readonly kind: 'plan'; readonly planHash: ContentHash; readonly parts: readonly PlanPart[] }
  | { readonly kind: 'program'; readonly programHash: ContentHash }
  | { readonly kind: 'calls'; readonly calls: readonly Example[] }
  /** The answer broke its form. */
  | { readonly kind: 'invalid'; readonly cause: InvalidCause; readonly problem: string };

/** Why an answer cannot be used: it stopped too early, holds no program, or is no data of the form asked for. */
export type InvalidCause = 'cut_off' | 'no_program' | 'wrong_form';

/** An accepted answer; the text itself is the artifact `answerHash`. */
export interface ModelAnswer {
  readonly stepKey: StepKey;
  readonly answerHash: ContentHash;
  readonly usage: ModelUsage;
  readonly reading: AnswerReading;
}
