import type { Candidate, JudgedCandidate, Sample } from './candidate.ts';
import type { Offer } from './offer.ts';
import type { Check, ResultState } from './verdict.ts';

/** The candidate that was chosen, and why. */
export interface Selection {
  readonly chosen: JudgedCandidate;
  readonly state: ResultState;
  /** The chosen candidate's checks with the agreement between candidates added. */
  readonly checks: readonly Check[];
  readonly runner: string | null;
  /** Other accepted candidates, best first: what a merge may swap in. */
  readonly alternatives: readonly JudgedCandidate[];
  readonly explanations: readonly string[];
}

/**
 * What to do next for one program or part; made in an activity and recorded, so that it can be tuned freely. `doing` says it to
 * those who watch, such as `writing and checking candidates 3 and 4 of 8`.
 */
export type Decision =
  /** Nothing says how the program may be called: a model proposes calls, whose expected values only score. */
  | { readonly kind: 'propose_calls'; readonly sample: Sample; readonly reason: string; readonly doing: string }
  | {
      readonly kind: 'sample';
      readonly samples: readonly Sample[];
      readonly reason: string;
      readonly doing: string;
    }
  | {
      readonly kind: 'repair';
      readonly candidate: Candidate;
      readonly evidence: string;
      readonly sample: Sample;
      readonly reason: string;
      readonly doing: string;
      /** Lessons that memory has about such an error; absent when it was not asked. */
      readonly lessons?: Offer;
    }
  /**
   * Enough is known. `selection` is null when no candidate is usable at all; `limit` names the limit that ends the work, such
   * as `the limit of 40 model calls`.
   */
  | {
      readonly kind: 'settle';
      readonly selection: Selection | null;
      readonly reason: string;
      readonly limit: string | null;
    };
