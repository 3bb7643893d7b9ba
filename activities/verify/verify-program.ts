import { activityInfo, cancellationSignal } from '@temporalio/activity';
import type { Candidate, JudgedCandidate } from '../../domain/candidate.ts';
import { isRunnable } from '../../domain/language.ts';
import type { Program } from '../../domain/program.ts';
import type { ProgramScope } from '../../domain/program-scope.ts';
import type { Example } from '../../domain/request.ts';
import { firstRejection, isProven, type Check, type ProbeOutcome, type Verdict } from '../../domain/verdict.ts';
import { linkPart } from '../../languages/merge-program.ts';
import { createStepKey } from '../../memory/step-key.ts';
import { limitsWithin } from '../../sandbox/default-limits.ts';
import type { VerifyDependencies } from '../dependencies.ts';
import { heartbeatWhile, PROMPT_HEARTBEAT_MS } from '../heartbeat-while.ts';
import { loadPrograms } from '../merge-program.ts';
import { withoutBudget } from '../step-key-of.ts';
import { loadPlan, loadProgram, loadRequest, putJson } from '../stored-json.ts';
import { ruleCheck, type CheckStep, type Subject } from './check-step.ts';
import { checkParse, checkPlaceholders, checkPromises } from './check-text.ts';
import { checkProgramTypes, lint } from './check-with-tools.ts';
import { evaluateExpected } from './evaluate-expected.ts';
import { runCalls } from './run-calls.ts';
import { runUserTests } from './run-user-tests.ts';
import { VERIFIER_VERSION } from './verifier-version.ts';

export interface VerifyProgramInput {
  readonly scope: ProgramScope;
  readonly candidate: Candidate;
  readonly proposedCalls: readonly Example[];
}

/** The cascade, cheap to dear. It ends at the first trusted check that rejects the program. */
const CASCADE: readonly CheckStep[] = [
  checkParse,
  checkPlaceholders,
  checkPromises,
  lint,
  runCalls,
  runUserTests,
  checkProgramTypes,
];

/** Verifies one candidate by running it; the first verdict on the same program and the same checks is kept. */
export async function verifyProgram(deps: VerifyDependencies, input: VerifyProgramInput): Promise<JudgedCandidate> {
  const { scope, candidate, proposedCalls } = input;
  const stepKey = createStepKey({
    runId: scope.runId,
    partId: scope.partId,
    role: 'verify',
    index: candidate.sample?.index ?? 0,
    inputs: {
      scope: withoutBudget(scope),
      programHash: candidate.programHash,
      proposedCalls,
      VERIFIER_VERSION,
      runner: deps.runner?.description.name,
    },
  });
  const accepted = await deps.memory.steps.find(stepKey);
  if (accepted !== undefined) return accepted as JudgedCandidate;
  const verdict = await heartbeatWhile(PROMPT_HEARTBEAT_MS, () => judge(deps, input));
  // A program that was cut off by a cancel or a stopping worker has failed nothing; its verdict must not be kept.
  cancellationSignal().throwIfAborted();
  const judged: JudgedCandidate = {
    candidate,
    verdictHash: await putJson(deps.memory.artifacts, verdict),
    accepted: firstRejection(verdict) === undefined,
    proven: isProven(verdict),
    summary: summarize(verdict),
  };
  const body = {
    type: 'candidate.verified',
    outcome: judged.accepted ? 'accepted' : 'rejected',
    summary: judged.summary,
  } as const;
  deps.events.write({ runId: scope.runId, partId: scope.partId, stepKey, attempt: activityInfo().attempt, body });
  return (await deps.memory.steps.acceptOnce(stepKey, scope.runId, judged)) as JudgedCandidate;
}

async function judge(deps: VerifyDependencies, input: VerifyProgramInput): Promise<Verdict> {
  const startedAt = performance.now();
  const linked = await link(deps, input);
  const checks: Check[] = [linked.check];
  const probes: ProbeOutcome[] = [];
  let runner: string | null = null;
  if (linked.program) {
    const subject = await toSubject(deps, input, linked.program);
    for (const step of CASCADE) {
      const found = await step(subject);
      checks.push(...found.checks);
      probes.push(...(found.probes ?? []));
      runner = found.ranOn ?? runner;
      if (found.checks.some((check) => check.trusted && check.outcome !== 'passed')) break;
    }
  }
  return { checks, probes, runner, durationMs: Math.round(performance.now() - startedAt) };
}

/** A part is verified together with the finished parts that it uses; a whole program stands alone. */
async function link(
  deps: VerifyDependencies,
  { scope, candidate }: VerifyProgramInput,
): Promise<{ readonly check: Check; readonly program: Program | null }> {
  const startedAt = performance.now();
  const { artifacts } = deps.memory;
  const program = await loadProgram(artifacts, candidate.programHash);
  const extracted = ruleCheck('extraction', [], 1, startedAt);
  if (!scope.planned)
    return { check: extracted, program: withUserFiles(program, await loadRequest(artifacts, scope.requestHash)) };
  const plan = await loadPlan(artifacts, scope.planned.planHash);
  const linked = await linkPart(
    plan,
    scope.planned.part,
    program,
    await loadPrograms(artifacts, scope.planned.dependencies),
  );
  if (linked.ok) return { check: extracted, program: { ...linked.program, mainFile: scope.planned.part.file } };
  return { check: ruleCheck('extraction', linked.problems, linked.problems.length, startedAt), program: null };
}

/** The user's own files are there when the program runs; a file that the model wrote anew replaces the old one. */
function withUserFiles(program: Program, { files }: { readonly files: Program['files'] }): Program {
  const written = new Set(program.files.map((file) => file.path));
  return { ...program, files: [...files.filter((file) => !written.has(file.path)), ...program.files] };
}

async function toSubject(deps: VerifyDependencies, input: VerifyProgramInput, program: Program): Promise<Subject> {
  const { runner, noRunnerReason, tools, settings } = deps;
  const { scope } = input;
  const limits = limitsWithin(settings.sandbox);
  const signal = cancellationSignal();
  const { steps } = deps.memory;
  const { language } = program;
  return {
    evaluateExpected: async (examples) =>
      runner && isRunnable(language)
        ? evaluateExpected({ scope, language, runner, steps, limits, signal }, examples)
        : [],
    request: await loadRequest(deps.memory.artifacts, scope.requestHash),
    scope,
    program,
    proposedCalls: input.proposedCalls,
    runner,
    noRunnerReason,
    tools,
    limits,
    signal,
  };
}

/** One line for people: the check that rejected the program, or the counts of those that passed. */
function summarize(verdict: Verdict): string {
  const rejection = firstRejection(verdict);
  if (rejection) {
    const firstLine = rejection.evidence.split('\n')[0] ?? '';
    return `${rejection.kind} ${rejection.outcome} (${rejection.passedCount} of ${rejection.totalCount}): ${firstLine}`.slice(
      0,
      300,
    );
  }
  const passed = verdict.checks.filter((check) => check.outcome === 'passed' && check.totalCount > 0);
  return passed.map((check) => `${check.kind} ${check.passedCount}/${check.totalCount}`).join(', ');
}
