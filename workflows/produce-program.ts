import type { Candidate, JudgedCandidate, ModelUsage, Sample } from '../domain/candidate.ts';
import type { Decision, Selection } from '../domain/decision.ts';
import type { ModelAnswer, ModelStep, ModelTask } from '../domain/model-step.ts';
import type { ProgramScope } from '../domain/program-scope.ts';
import type { Example } from '../domain/request.ts';
import type { Spent } from '../domain/result.ts';
import { verifyActivities } from './activity-options.ts';
import { choosingActivities } from './quick-steps.ts';
import { callModel } from './call-model.ts';
import type { RunTimeouts } from './contract.ts';
import { addSpent, NOTHING_SPENT } from './spending.ts';
import { toReport } from './to-report.ts';

/** What has been made and spent for one program or part; it outlives a cancelled attempt, so that a limit can still settle. */
export interface Ledger {
  readonly judged: JudgedCandidate[];
  spent: Spent;
  /** Answers out of which no program could be read. */
  readonly lost: LostSample[];
  /** Calls that a model proposed as probes; null until it was asked. */
  proposedCalls: readonly Example[] | null;
  secondsUsed: number;
}

export interface LostSample {
  readonly sample: Sample;
  readonly problem: string;
}

export function openLedger(): Ledger {
  return { judged: [], spent: NOTHING_SPENT, lost: [], proposedCalls: null, secondsUsed: 0 };
}

/**
 * Generates candidates, verifies each by running it, selects, repairs on trusted evidence, samples again, turns to a bigger
 * model: as long as the recorded decisions say so.
 */
export async function produceProgram(
  scope: ProgramScope,
  ledger: Ledger,
  timeouts: RunTimeouts,
): Promise<Selection | null> {
  const startedAt = Date.now();
  for (;;) {
    ledger.secondsUsed = (Date.now() - startedAt) / 1000;
    const decision = await decide(scope, ledger, false, timeouts);
    if (decision.kind === 'settle') return decision.selection;
    await carryOut(decision, scope, ledger, timeouts);
  }
}

/** Chooses among what is there, without another model call. */
export async function settleNow(scope: ProgramScope, ledger: Ledger, timeouts: RunTimeouts): Promise<Selection | null> {
  const decision = await decide(scope, ledger, true, timeouts);
  return decision.kind === 'settle' ? decision.selection : null;
}

function decide(scope: ProgramScope, ledger: Ledger, mustSettle: boolean, timeouts: RunTimeouts): Promise<Decision> {
  const { judged, spent, lost, secondsUsed } = ledger;
  const callsProposed = ledger.proposedCalls !== null;
  const facts = { scope, judged, spent, lost: lost.map((one) => one.sample), secondsUsed, callsProposed, mustSettle };
  return choosingActivities(timeouts).decideNext(facts);
}

async function carryOut(
  decision: Exclude<Decision, { kind: 'settle' }>,
  scope: ProgramScope,
  ledger: Ledger,
  timeouts: RunTimeouts,
): Promise<void> {
  switch (decision.kind) {
    case 'propose_calls':
      return proposeCalls(scope, decision.sample, ledger, timeouts);
    case 'sample': {
      const tries = decision.samples.map((sample) =>
        writeAndVerify({ role: 'write', scope }, sample, 'sample', ledger, timeouts),
      );
      await Promise.all(tries);
      return;
    }
    case 'repair': {
      const { programHash } = decision.candidate;
      const task: ModelTask = { role: 'repair', scope, programHash, evidence: decision.evidence };
      await writeAndVerify(task, decision.sample, 'repair', ledger, timeouts);
      return;
    }
    default:
      decision satisfies never;
  }
}

async function proposeCalls(scope: ProgramScope, sample: Sample, ledger: Ledger, timeouts: RunTimeouts): Promise<void> {
  const step = modelStep({ role: 'propose_calls', scope }, sample, `propose calls of ${titleOf(scope)}`);
  const { reading, usage } = await callModel(step, timeouts);
  ledger.spent = addSpent(ledger.spent, spentOn(usage));
  ledger.proposedCalls = reading.kind === 'calls' ? reading.calls : [];
}

async function writeAndVerify(
  task: ModelTask & { readonly scope: ProgramScope },
  sample: Sample,
  origin: 'sample' | 'repair',
  ledger: Ledger,
  timeouts: RunTimeouts,
): Promise<void> {
  const { scope } = task;
  const step = modelStep(task, sample, `${task.role} ${titleOf(scope)}, candidate ${sample.index + 1}`);
  const answer = await callOrLose(step, ledger, timeouts);
  if (!answer) return;
  ledger.spent = addSpent(ledger.spent, spentOn(answer.usage));
  if (answer.reading.kind !== 'program') {
    const problem = answer.reading.kind === 'invalid' ? answer.reading.problem : 'The answer holds no program.';
    ledger.lost.push({ sample, problem });
    return;
  }
  const { programHash } = answer.reading;
  const { stepKey, usage } = answer;
  const candidate: Candidate = { stepKey, partId: scope.partId, origin, programHash, sample, usage };
  ledger.judged.push(await verify(scope, candidate, ledger.proposedCalls ?? [], timeouts));
}

/** A call that cannot be made costs this candidate only, when others are there: a repair's prompt may not fit any more. */
async function callOrLose(step: ModelStep, ledger: Ledger, timeouts: RunTimeouts): Promise<ModelAnswer | null> {
  try {
    return await callModel(step, timeouts);
  } catch (error) {
    const { type, message } = toReport(error);
    if (ledger.judged.length === 0 || (type !== 'PromptTooLong' && type !== 'NoCapableNode')) throw error;
    ledger.lost.push({ sample: step.sample, problem: message });
    return null;
  }
}

/** Has one candidate run in the sandbox; the verdict is an artifact. */
export function verify(
  scope: ProgramScope,
  candidate: Candidate,
  proposedCalls: readonly Example[],
  timeouts: RunTimeouts,
): Promise<JudgedCandidate> {
  const who = candidate.sample ? `candidate ${candidate.sample.index + 1}` : 'merged from its parts';
  const summary = `verify ${titleOf(scope)}, ${who}`;
  return verifyActivities(timeouts).verifyProgram.executeWithOptions({ summary }, [
    { scope, candidate, proposedCalls },
  ]);
}

function modelStep(task: ModelTask & { readonly scope: ProgramScope }, sample: Sample, title: string): ModelStep {
  const { runId, requestHash, partId, priority } = task.scope;
  return { runId, requestHash, partId, task, sample, invalidAnswer: null, priority, title };
}

function titleOf(scope: ProgramScope): string {
  return scope.planned?.part.title ?? 'the program';
}

function spentOn(usage: ModelUsage): Spent {
  return { modelCalls: 1, tokens: usage.promptTokens + usage.completionTokens };
}
