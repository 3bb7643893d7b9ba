import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import {
  ApplicationFailure,
  CancellationScope,
  isCancellation,
  setHandler,
  defineQuery,
  defineSignal,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { Classification } from '../domain/classification.ts';
import type { Selection } from '../domain/decision.ts';
import { WHOLE_PROGRAM, type ContentHash, type PartId } from '../domain/ids.ts';
import type { PlanPart } from '../domain/plan.ts';
import type { ProgramScope } from '../domain/program-scope.ts';
import type { SynthesisResult } from '../domain/result.ts';
import type { RunProgress } from '../domain/run.ts';
import { formatCount } from '../domain/format-count.ts';
import { choosingActivities, control } from './quick-steps.ts';
import { askForData } from './ask-for-data.ts';
import { buildParts, type BuiltPart } from './build-parts.ts';
import { PART_NEWS_SIGNAL, PROGRESS_QUERY, SEARCH_ATTRIBUTES, type PartNews, type SynthesisInput } from './contract.ts';
import { explainLedger, openLedger, type Ledger } from './ledger.ts';
import { listProvenWork } from './list-proven-work.ts';
import { mergeAndVerify } from './merge-and-verify.ts';
import { produceProgram, settleNow } from './produce-program.ts';
import { createRunJournal, type RunJournal } from './run-journal.ts';
import { isUsedUp, shareOfLimits } from './spending.ts';
import { toReport, toTemporalFailure } from './to-report.ts';

/** One request from prompt to verified code. The workflow ID is the request's public ID. */
export async function synthesizeCode(input: SynthesisInput): Promise<SynthesisResult> {
  const ledger = openLedger();
  const journal = createRunJournal(input, ledger);
  setHandler(defineQuery<RunProgress>(PROGRESS_QUERY), () => journal.progress());
  // A handler that fails would fail the run; what a cancelled run did not record is told by its parts' ends.
  setHandler(defineSignal<[PartNews]>(PART_NEWS_SIGNAL), (news) => journal.hearOfPart(news).catch(() => {}));
  try {
    upsertSearchAttributes([{ key: KEYS.state, value: 'running' }]);
    const run: Run = {
      input,
      journal,
      ledger,
      built: new Map(),
      scope: null,
      planHash: null,
      recallKey: null,
      offeredHash: null,
      isOutOfTime: false,
    };
    const result = await synthesize(run);
    await record(run, result);
    return result;
  } catch (error) {
    const { runId, requestHash } = input;
    const failure = toReport(error);
    upsertSearchAttributes([{ key: KEYS.state, value: failure.type === 'Cancelled' ? 'cancelled' : 'failed' }]);
    await CancellationScope.nonCancellable(() => control.recordFailure({ runId, requestHash, failure }));
    throw toTemporalFailure(error);
  }
}

/** One run: what was asked, what happened, and everything that is proven so far. */
interface Run {
  readonly input: SynthesisInput;
  readonly journal: RunJournal;
  /** Candidates for the whole program. */
  readonly ledger: Ledger;
  readonly built: Map<PartId, BuiltPart>;
  /** Set once the request is classified. */
  scope: ProgramScope | null;
  /** Set once there is a plan. */
  planHash: ContentHash | null;
  /** Under which the result is remembered: computed before the work, for the models that were there then. */
  recallKey: ContentHash | null;
  /** What memory offers to the models of this run. */
  offeredHash: ContentHash | null;
  /** True when the limit of minutes ended the work. */
  isOutOfTime: boolean;
}

async function synthesize(run: Run): Promise<SynthesisResult> {
  const result = await withinTime(run, async () => {
    const recalled = await recall(run);
    if (recalled) return recalled;
    run.scope = wholeScope(run, await classify(run));
    return conclude(run, run.scope, await produce(run, run.scope));
  });
  return result ?? concludeAtLimit(run);
}

async function produce(run: Run, scope: ProgramScope): Promise<Selection | null> {
  const attempted = plainlyNeedsParts(run.input, scope.classification) ? null : await attempt(run, scope);
  if (!needsPlan(run.input, attempted) || isUsedUp(run.input.limits, run.journal.spent())) return attempted;
  return (await buildByPlan(run, scope, attempted)) ?? attempted;
}

async function recall(run: Run): Promise<SynthesisResult | null> {
  const { runId, requestHash, fresh, timeouts } = run.input;
  const doing = fresh ? 'choosing the models' : 'looking for the same request among verified answers';
  // Also for a fresh answer: without a host that has a model it waits here, and says so.
  await run.journal.enterPhase('recall', doing);
  const { recallKey, result, offer } = await choosingActivities(timeouts).recallResult({ runId, requestHash, fresh });
  run.recallKey = recallKey;
  run.offeredHash = offer?.offeredHash ?? null;
  if (offer?.note) run.journal.explain(offer.note);
  return result;
}

/** Parser first; the light model only for what the parser cannot tell. */
async function classify({ input, journal, offeredHash }: Run): Promise<Classification> {
  await journal.enterPhase('classify', 'reading the request');
  const parsed = await control.classifyByParser({ requestHash: input.requestHash });
  if (parsed.sure) return parsed.classification;
  const question = { task: { role: 'classify' }, title: 'classify' } as const;
  const answer = await askForData({ ...input, offeredHash }, question, journal.addAnswer);
  if (answer?.reading.kind === 'classification') return answer.reading.classification;
  journal.explain('The light model did not classify the request in the form asked for; the parser alone decided.');
  return parsed.classification;
}

async function attempt({ input, journal, ledger }: Run, scope: ProgramScope): Promise<Selection | null> {
  await journal.enterPhase('attempt', 'writing the whole program');
  const watcher = { onDecision: journal.showStep, onCandidate: () => {} };
  return produceProgram({ scope, ledger, timeouts: input.timeouts, watcher });
}

function plainlyNeedsParts(input: SynthesisInput, classification: Classification): boolean {
  if (input.decompose === 'never') return false;
  return input.decompose === 'always' || classification.kind === 'multi_file';
}

/** Planning pays after a failed attempt, and harms small models before one. */
function needsPlan(input: SynthesisInput, attempted: Selection | null): boolean {
  if (input.decompose === 'never') return false;
  return attempted === null || attempted.state === 'partial';
}

async function buildByPlan(run: Run, scope: ProgramScope, attempted: Selection | null): Promise<Selection | null> {
  const { input, journal, ledger, offeredHash } = run;
  const plan = await decompose(run, scope.classification, attempted);
  // Without a plan the whole program still deserves its try, unless it had one.
  if (!plan) return attempted ?? attempt(run, scope);
  run.planHash = plan.planHash;
  await journal.enterPhase('build', formatCount(plan.parts.length, 'part'));
  await buildParts({ input, classification: scope.classification, offeredHash, ...plan }, journal, run.built);
  await mergeWhatIsBuilt(run, scope, { swaps: true });
  return settleNow({ scope, ledger, timeouts: input.timeouts });
}

/** Puts the finished parts together; the merged program competes with the candidates for the whole. */
async function mergeWhatIsBuilt(run: Run, scope: ProgramScope, { swaps }: { readonly swaps: boolean }): Promise<void> {
  const { input, journal, ledger, built, planHash } = run;
  if (!planHash || built.size === 0) return;
  await journal.enterPhase('merge', 'putting the parts together');
  const merge = { scope, planHash, built: [...built.values()], swaps, timeouts: input.timeouts };
  ledger.judged.push(...(await mergeAndVerify(merge, journal)));
}

async function decompose(
  { input, journal, offeredHash }: Run,
  classification: Classification,
  attempted: Selection | null,
): Promise<{ planHash: ContentHash; parts: readonly PlanPart[] } | null> {
  await journal.enterPhase('decompose', 'planning parts');
  const attemptSummary = attempted?.chosen.summary ?? null;
  const task = { role: 'plan', classification, attemptSummary } as const;
  const answer = await askForData({ ...input, offeredHash }, { task, title: 'plan' }, journal.addAnswer);
  if (answer?.reading.kind === 'plan') return answer.reading;
  journal.explain('No usable plan came out of two tries; the program was written as a whole.');
  return null;
}

/** Null when the run's limit of minutes ended the work. */
async function withinTime(run: Run, work: () => Promise<SynthesisResult>): Promise<SynthesisResult | null> {
  const limit = new CancellationScope({ cancellable: true, timeout: `${run.input.limits.minutes} minutes` });
  try {
    return await limit.run(work);
  } catch (error) {
    const userCancelled = CancellationScope.current().consideredCancelled;
    if (!isCancellation(error) || userCancelled) throw error;
    return null;
  }
}

/** What is proven so far is the result; no model is asked any more, and no part is swapped. */
async function concludeAtLimit(run: Run): Promise<SynthesisResult> {
  const { input, journal, ledger, scope } = run;
  run.isOutOfTime = true;
  journal.explain(
    `The limit of ${formatCount(input.limits.minutes, 'minute')} was reached; this is what was proven until then.`,
  );
  if (!scope) throw ApplicationFailure.nonRetryable(journal.explanations.join(' '), 'BudgetExhausted');
  await mergeWhatIsBuilt(run, scope, { swaps: false });
  return conclude(run, scope, await settleNow({ scope, ledger, timeouts: input.timeouts }));
}

async function conclude(run: Run, scope: ProgramScope, selection: Selection | null): Promise<SynthesisResult> {
  const { journal, ledger, input } = run;
  await journal.enterPhase('record', 'storing what was made');
  if (!selection) {
    const problems = [...ledger.lost.map((one) => one.problem), ...ledger.notes, ...journal.explanations];
    const isAtLimit = run.isOutOfTime || isUsedUp(input.limits, journal.spent());
    const advice = isAtLimit ? 'Raise the limits of the request' : 'Try a larger model';
    throw ApplicationFailure.nonRetryable(
      `No usable program came out of ${formatCount(journal.spent().modelCalls, 'model call')}. ${advice}, or ask for less.`,
      isAtLimit ? 'BudgetExhausted' : 'ModelOutputInvalid',
      { problems: problems.slice(-10) },
    );
  }
  return {
    state: selection.state,
    language: scope.classification.language,
    programHash: selection.chosen.candidate.programHash,
    mainFile: scope.classification.mainFile,
    checks: selection.checks,
    parts: [wholeReport(ledger, selection), ...journal.reports],
    explanations: [
      ...selection.explanations,
      ...explainLedger(ledger, scope.classification.language),
      ...journal.explanations,
    ],
    confidence: null,
    runner: selection.runner,
    recalledFrom: null,
  };
}

function wholeReport(ledger: Ledger, selection: Selection): SynthesisResult['parts'][number] {
  const { usage, origin } = selection.chosen.candidate;
  return {
    id: WHOLE_PROGRAM,
    title: origin === 'merge' ? 'the whole program, merged from its parts' : 'the whole program',
    state: selection.state,
    model: usage?.model ?? null,
    node: usage?.nodeId ?? null,
    attempts: ledger.spent.modelCalls,
    tokens: ledger.spent.tokens,
    seconds: Math.round(ledger.secondsUsed),
  };
}

/** What runs can be searched by in the Web UI. */
const KEYS = {
  state: defineSearchAttributeKey(SEARCH_ATTRIBUTES.state, SearchAttributeType.KEYWORD),
  language: defineSearchAttributeKey(SEARCH_ATTRIBUTES.language, SearchAttributeType.KEYWORD),
  models: defineSearchAttributeKey(SEARCH_ATTRIBUTES.models, SearchAttributeType.KEYWORD_LIST),
  nodes: defineSearchAttributeKey(SEARCH_ATTRIBUTES.nodes, SearchAttributeType.KEYWORD_LIST),
  verified: defineSearchAttributeKey(SEARCH_ATTRIBUTES.verified, SearchAttributeType.BOOL),
};

async function record(run: Run, result: SynthesisResult): Promise<void> {
  const { input, journal, recallKey } = run;
  const named = (pick: (part: SynthesisResult['parts'][number]) => string | null): string[] => [
    ...new Set(result.parts.map(pick).filter((name) => name !== null)),
  ];
  upsertSearchAttributes([
    { key: KEYS.state, value: result.state },
    { key: KEYS.language, value: result.language },
    { key: KEYS.models, value: named((part) => part.model) },
    { key: KEYS.nodes, value: named((part) => part.node) },
    { key: KEYS.verified, value: result.state === 'verified' },
  ]);
  await control.recordResult({
    runId: input.runId,
    requestHash: input.requestHash,
    recallKey,
    result,
    work: listProvenWork(run, result),
    progress: journal.progress(),
  });
}

function wholeScope({ input, journal, offeredHash }: Run, classification: Classification): ProgramScope {
  const { runId, requestHash, priority } = input;
  const limits = shareOfLimits(input.limits, journal.spent(), 1);
  return { runId, requestHash, classification, partId: WHOLE_PROGRAM, planned: null, priority, limits, offeredHash };
}
