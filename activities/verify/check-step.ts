import type { Program } from '../../domain/program.ts';
import type { ProgramScope } from '../../domain/program-scope.ts';
import type { Example, SynthesisRequest } from '../../domain/request.ts';
import type { Check, ProbeOutcome } from '../../domain/verdict.ts';
import type { StaticTools } from '../../languages/static-tools.ts';
import type { CallOutcome, ProgramRunner, SandboxLimits } from '../../sandbox/program-runner.ts';

/** What is verified, with everything that a check may look at. */
export interface Subject {
  readonly request: SynthesisRequest;
  readonly scope: ProgramScope;
  /** The program; a part comes linked with the finished parts that it uses. */
  readonly program: Program;
  /** Calls that a model proposed. */
  readonly proposedCalls: readonly Example[];
  readonly runner: ProgramRunner | null;
  readonly noRunnerReason: string;
  readonly tools: StaticTools;
  /** What the examples expect, evaluated where no candidate could see it. */
  readonly evaluateExpected: (examples: readonly Example[]) => Promise<readonly CallOutcome[]>;
  readonly limits: SandboxLimits;
  readonly signal: AbortSignal;
}

/** What one step of the cascade found. */
export interface StepFindings {
  readonly checks: readonly Check[];
  readonly probes?: readonly ProbeOutcome[];
  /** The sandbox that ran the program, when one did. */
  readonly ranOn?: string;
}

export type CheckStep = (subject: Subject) => Promise<StepFindings>;

/** Longest evidence of one check: a model gets more out of the first lines than out of all. */
const EVIDENCE_CHARACTERS = 2_000;

/** A rule of ours on the text of the program: it either holds or names its problems. */
export function ruleCheck(
  kind: Check['kind'],
  problems: readonly string[],
  totalCount: number,
  startedAt: number,
): Check {
  const failed = Math.min(problems.length, totalCount);
  return {
    kind,
    author: 'hydra',
    trusted: true,
    inProcess: false,
    outcome: problems.length === 0 ? 'passed' : 'failed',
    passedCount: totalCount - failed,
    totalCount,
    evidence: cutEvidence(problems.join('\n')),
    durationMs: since(startedAt),
  };
}

/** A check that could not be made, with its reason. */
export function skippedCheck(kind: Check['kind'], author: Check['author'], reason: string): Check {
  return {
    kind,
    author,
    trusted: false,
    inProcess: false,
    outcome: 'skipped',
    passedCount: 0,
    totalCount: 0,
    evidence: reason,
    durationMs: 0,
  };
}

export function cutEvidence(text: string): string {
  return text.length <= EVIDENCE_CHARACTERS ? text : `${text.slice(0, EVIDENCE_CHARACTERS)}…`;
}

export function since(startedAt: number): number {
  return Math.round(performance.now() - startedAt);
}
