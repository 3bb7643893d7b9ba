import type { Candidate, Sample } from '../domain/candidate.ts';
import type { Decision, Selection } from '../domain/decision.ts';
import type { FailureType } from '../domain/failure.ts';
import type { ModelAnswer, ModelStep, ModelTask } from '../domain/model-step.ts';
import type { ProgramScope } from '../domain/program-scope.ts';
import { askForData } from './ask-for-data.ts';
import { callModel } from './call-model.ts';
import type { RunTimeouts } from './contract.ts';
import { spendOn, type Ledger } from './ledger.ts';
import { choosingActivities } from './quick-steps.ts';
import { toReport } from './to-report.ts';
import { titleOf, verifyCandidate } from './verify-candidate.ts';

/** One program or part in the making. */
export interface Production {
  readonly scope: ProgramScope;
  readonly ledger: Ledger;
  readonly timeouts: RunTimeouts;
  readonly watcher: Watcher;
}

/** Is told what goes on, for people. */
export interface Watcher {
  /** A decision is carried out, such as `writing and checking candidates 3 and 4 of 8`. */
  readonly onDecision: (doing: string) => void;
  /** A candidate, counted from 1, goes on, such as `being checked`. */
  readonly onCandidate: (number: number, doing: string) => void;
}

/**
 * Generates candidates, verifies each by running it, selects, repairs on trusted evidence, samples again, turns to a bigger
 * model: as long as the recorded decisions say so.
 */
export async function produceProgram(production: Production): Promise<Selection | null> {
  const { ledger, watcher } = production;
  const startedAt = Date.now();
  for (;;) {
    ledger.secondsUsed = (Date.now() - startedAt) / 1000;
    const decision = await decide(production, false);
    if (decision.kind === 'settle') {
      if (decision.limit) ledger.notes.push(`Ended at ${decision.limit}; this is what was proven until then.`);
      return decision.selection;
    }
    watcher.onDecision(decision.doing);
    await carryOut(decision, production);
  }
}

/** Chooses among what is there, without another model call. */
export async function settleNow(production: Omit<Production, 'watcher'>): Promise<Selection | null> {
  const decision = await decide(production, true);
  return decision.kind === 'settle' ? decision.selection : null;
}

function decide({ scope, ledger, timeouts }: Omit<Production, 'watcher'>, mustSettle: boolean): Promise<Decision> {
  const { judged, spent, lost, secondsUsed } = ledger;
  const callsProposed = ledger.proposedCalls !== null;
  const facts = { scope, judged, spent, lost: lost.map((one) => one.sample), secondsUsed, callsProposed, mustSettle };
  return choosingActivities(timeouts).decideNext(facts);
}

async function carryOut(decision: Exclude<Decision, { kind: 'settle' }>, production: Production): Promise<void> {
  const { scope } = production;
  switch (decision.kind) {
    case 'propose_calls':
      return proposeCalls(decision.sample, production);
    case 'sample': {
      const task: CodeTask = { role: 'write', scope };
      await Promise.all(decision.samples.map((sample) => writeAndVerify(task, sample, 'sample', production)));
      return;
    }
    case 'repair': {
      const { programHash } = decision.candidate;
      const { evidence, lessons } = decision;
      if (lessons?.note) production.ledger.notes.push(lessons.note);
      const task: CodeTask = {
        role: 'repair',
        scope,
        programHash,
        evidence,
        lessonsHash: lessons?.offeredHash ?? null,
      };
      return writeAndVerify(task, decision.sample, 'repair', production);
    }
    default:
      decision satisfies never;
  }
}

async function proposeCalls(sample: Sample, { scope, ledger, timeouts }: Production): Promise<void> {
  const { partId } = scope;
  const task: ModelTask = { role: 'propose_calls', scope };
  const answer = await askForData(
    { ...scope, timeouts },
    { task, title: `propose calls of ${titleOf(scope)}`, partId, sample },
    (each) => spendOn(ledger, each),
  );
  ledger.proposedCalls = answer?.reading.kind === 'calls' ? answer.reading.calls : [];
  if (!answer)
    ledger.notes.push(
      `${sample.model} did not propose calls in the form asked for; candidates were compared by calls made from their signatures alone.`,
    );
}

type CodeTask = Extract<ModelTask, { role: 'write' | 'repair' }>;

async function writeAndVerify(
  task: CodeTask,
  sample: Sample,
  origin: 'sample' | 'repair',
  { scope, ledger, timeouts, watcher }: Production,
): Promise<void> {
  const number = sample.index + 1;
  watcher.onCandidate(number, `being ${origin === 'repair' ? 'repaired' : 'written'} by ${sample.model}`);
  const step = modelStep(task, sample, `${task.role} ${titleOf(scope)}, candidate ${number}`);
  const answer = await callOrLose(step, ledger, timeouts);
  if (answer) spendOn(ledger, answer);
  if (answer?.reading.kind === 'invalid')
    ledger.lost.push({ sample, cause: answer.reading.cause, problem: answer.reading.problem });
  if (answer?.reading.kind !== 'program') return watcher.onCandidate(number, 'lost: no program came out of it');
  watcher.onCandidate(number, 'being checked');
  const { programHash } = answer.reading;
  const { stepKey, usage } = answer;
  const made: Candidate = { stepKey, partId: scope.partId, origin, programHash, sample, usage };
  const candidate = task.role === 'repair' ? { ...made, repairOf: task.programHash } : made;
  const judged = await verifyCandidate(scope, candidate, ledger.proposedCalls ?? [], timeouts);
  ledger.judged.push(judged);
  watcher.onCandidate(number, `${judged.accepted ? 'passed' : 'rejected'}: ${judged.summary}`);
}

/** Failures of one call that another one need not share: with a shorter prompt, or another model. */
const LOSES_ONE: readonly FailureType[] = ['PromptTooLong', 'NoCapableNode', 'OutOfMemory'];

/** A call that cannot be made costs this candidate only, when others are there: a repair's prompt may not fit any more. */
async function callOrLose(step: ModelStep, ledger: Ledger, timeouts: RunTimeouts): Promise<ModelAnswer | null> {
  try {
    return await callModel(step, timeouts);
  } catch (error) {
    const { type, message } = toReport(error);
    if (ledger.judged.length === 0 || !LOSES_ONE.includes(type)) throw error;
    ledger.lost.push({ sample: step.sample, cause: 'no_answer', problem: message });
    return null;
  }
}

function modelStep(task: CodeTask, sample: Sample, title: string): ModelStep {
  const { runId, requestHash, partId, priority, offeredHash = null } = task.scope;
  return { runId, requestHash, partId, task, sample, invalidAnswer: null, priority, title, offeredHash };
}
