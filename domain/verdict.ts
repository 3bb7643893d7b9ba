/** The checks of the cascade, cheap to dear. */
export const CHECK_KINDS = [
  'extraction',
  'parse',
  'placeholders',
  'contract',
  'types',
  'lint',
  'import',
  'examples',
  'user_tests',
  'probes',
  'agreement',
  'model_tests',
] as const;
export type CheckKind = (typeof CHECK_KINDS)[number];

export type CheckOutcome = 'passed' | 'failed' | 'error' | 'timeout' | 'skipped';

/** One check of one program: who wrote it and what happened. */
export interface Check {
  readonly kind: CheckKind;
  /** `hydra` for rules of ours, `user` for the user's tests and examples, `model` for a model's, else the tool's name. */
  readonly author: 'hydra' | 'user' | 'model' | 'deno' | 'pyright' | 'ruff';
  /** Only a trusted check may reject a candidate or prove a result. */
  readonly trusted: boolean;
  /** True when the check ran beside the candidate in one process, so that the candidate could have interfered. */
  readonly inProcess: boolean;
  readonly outcome: CheckOutcome;
  readonly passedCount: number;
  readonly totalCount: number;
  /** For people and for repair: compiler text, a call with got and expected, a first traceback frame. */
  readonly evidence: string;
  readonly durationMs: number;
}

/** What a probe call did: its canonical value, or how it ended. Probes have no expected value; they are compared between candidates. */
export interface ProbeOutcome {
  readonly call: string;
  readonly ended: 'value' | 'raised' | 'timeout' | 'crashed';
  /** Canonical text of the value, or the error's type name. */
  readonly canonical: string;
}

/** Everything verification found out about one program. */
export interface Verdict {
  readonly checks: readonly Check[];
  readonly probes: readonly ProbeOutcome[];
  /** The sandbox that ran it; null when nothing was run, with the reason in a skipped check. */
  readonly runner: string | null;
  readonly durationMs: number;
}

/** What a result claims: `verified` trusted checks ran and passed; `consistent` candidates agree and nothing trusted was there. */
export type ResultState = 'verified' | 'consistent' | 'unverified' | 'partial';

/** The trusted check that rejects a program, if there is one. */
export function firstRejection(verdict: Verdict): Check | undefined {
  return verdict.checks.find((check) => check.trusted && check.outcome !== 'passed' && check.outcome !== 'skipped');
}

/** True when a check written by the user ran and passed, and none rejected. */
export function isProven(verdict: Verdict): boolean {
  const proof = verdict.checks.some(
    (check) => check.trusted && check.author === 'user' && check.outcome === 'passed' && check.totalCount > 0,
  );
  return proof && firstRejection(verdict) === undefined;
}
