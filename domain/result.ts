import type { ContentHash, PartId } from './ids.ts';
import type { Language } from './language.ts';
import type { Check, ResultState } from './verdict.ts';

/** What one part cost and where it came from. */
export interface PartReport {
  readonly id: PartId;
  readonly title: string;
  readonly state: ResultState | 'failed';
  readonly model: string | null;
  readonly node: string | null;
  /** Model calls spent on it, discarded ones included. */
  readonly attempts: number;
  readonly tokens: number;
  readonly seconds: number;
}

/** The outcome of a run. The files are the artifact `programHash` (a `Program`); null when no program came out. */
export interface SynthesisResult {
  readonly state: ResultState;
  readonly language: Language;
  readonly programHash: ContentHash | null;
  readonly mainFile: string;
  readonly checks: readonly Check[];
  readonly parts: readonly PartReport[];
  readonly explanations: readonly string[];
  /** Null until an evaluation calibrates it. */
  readonly confidence: null;
  /** Sandbox that ran the checks; null when nothing was run. */
  readonly runner: string | null;
  /** Set when the answer was recalled: the run that made it. */
  readonly recalledFrom: string | null;
}

/** What a run has used of its limits. */
export interface Spent {
  readonly modelCalls: number;
  readonly tokens: number;
}
