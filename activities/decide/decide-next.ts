import type { Candidate, JudgedCandidate, Sample } from '../../domain/candidate.ts';
import type { Decision } from '../../domain/decision.ts';
import { isRunnable } from '../../domain/language.ts';
import type { ProgramScope } from '../../domain/program-scope.ts';
import type { SynthesisRequest } from '../../domain/request.ts';
import type { Spent } from '../../domain/result.ts';
import { firstRejection, type Check, type CheckKind } from '../../domain/verdict.ts';
import type { ChosenModels } from '../choose-models.ts';
import { sizeOf } from '../choose-models.ts';
import { planSampling, type SamplingPlan } from './sampling-plan.ts';
import { agreesOnAll, isValue, selectCandidate, type Contender } from './select-candidate.ts';

/** Everything a decision is made from. Pure: the same situation gives the same decision. */
export interface Situation {
  readonly scope: ProgramScope;
  readonly request: SynthesisRequest;
  readonly models: ChosenModels;
  readonly contenders: readonly Contender[];
  /** Samples whose answer held no program. */
  readonly lost: readonly Sample[];
  readonly spent: Spent;
  readonly secondsUsed: number;
  readonly callsProposed: boolean;
  readonly mustSettle: boolean;
  /** Of all samples but the first, when the request names none. */
  readonly defaultTemperature: number;
}

/** Samples are made two at a time, so that two that agree save the others. */
const WAVE = 2;
/** Checks whose failures even small models repair well; a wrong result is none of them. */
const FORM_CHECKS: ReadonlySet<CheckKind> = new Set(['parse', 'placeholders', 'contract', 'import']);

/**
 * What to do next for one program: propose calls, sample in waves until two agree, repair on trusted evidence, one fresh
 * sample, the next larger model, and then settle with the best there is.
 */
export function decideNext(situation: Situation): Decision {
  const { scope, contenders, request } = situation;
  if (situation.mustSettle) return settle(situation, 'no more work is wanted');
  const limit = limitReached(situation);
  if (limit) return settle(situation, limit, [`Ended at ${limit}; this is what was proven until then.`]);
  const model = situation.models.workers[0] ?? situation.models.heavy;
  const plan = planSampling(request, model, situation.models.nodes, {
    secondsLeft: scope.limits.minutes * 60 - situation.secondsUsed,
    temperature: situation.defaultTemperature,
  });
  if (needsCalls(situation)) return proposeCalls(situation);
  return (
    settleEarly(situation) ??
    sampleMore(situation, model, plan) ??
    settleAccepted(contenders, situation) ??
    repairBest(situation, plan) ??
    sampleAfresh(situation, model, plan) ??
    escalate(situation, model) ??
    settle(situation, 'repair and larger models did not help')
  );
}

/** The limit as the request names it; what is left of it for this program is less when other work came before. */
function limitReached({ scope, spent, request }: Situation): string | null {
  if (spent.modelCalls >= scope.limits.modelCalls) return `the limit of ${request.limits.modelCalls} model calls`;
  if (spent.tokens >= scope.limits.tokens) return `the limit of ${request.limits.tokens} tokens`;
  return null;
}

function needsCalls(situation: Situation): boolean {
  const { scope, callsProposed, contenders, lost } = situation;
  const { classification, planned } = scope;
  // The question is worth a call only while enough are left for candidates to compare.
  if (callsLeft(situation) <= WAVE) return false;
  if (callsProposed || contenders.length > 0 || lost.length > 0 || !isRunnable(classification.language)) return false;
  if (planned) return planned.part.examples.length === 0;
  return classification.examples.length === 0 && classification.entryPoints.length > 0;
}

function proposeCalls({ models }: Situation): Decision {
  const sample: Sample = { index: 0, model: models.light, temperature: 0, seed: 1 };
  return { kind: 'propose_calls', sample, reason: 'no example says how the program is called' };
}

/** Two accepted candidates that agree on every probe: more samples would only cost. */
function settleEarly(situation: Situation): Decision | null {
  const accepted = situation.contenders.filter(({ judged }) => judged.accepted);
  const pair = accepted.some((left, index) =>
    accepted
      .slice(index + 1)
      .some((right) => left.verdict.probes.some(isValue) && agreesOnAll(left.verdict, right.verdict)),
  );
  return pair ? settle(situation, 'two candidates passed and agree on every probe') : null;
}

function sampleMore(situation: Situation, model: string, plan: SamplingPlan): Decision | null {
  const made = samplesOf(situation, model).length;
  const missing = Math.min(plan.candidates - made, callsLeft(situation));
  if (missing <= 0) return null;
  const samples = newSamples(situation, model, Math.min(WAVE, missing), plan);
  return { kind: 'sample', samples, reason: `${made} of ${plan.candidates} candidates made: ${plan.why}` };
}

function settleAccepted(contenders: readonly Contender[], situation: Situation): Decision | null {
  return contenders.some(({ judged }) => judged.accepted) ? settle(situation, 'all candidates are made') : null;
}

/** Repairs the best candidate on trusted evidence, as often as it pays for a model of this size. */
function repairBest(situation: Situation, plan: SamplingPlan): Decision | null {
  const rounds = situation.contenders.filter(({ judged }) => judged.candidate.origin === 'repair').length;
  if (rounds >= Math.min(plan.repairRounds, situation.scope.limits.repairRounds)) return null;
  const best = selectCandidate(situation.contenders)?.chosen;
  const contender = situation.contenders.find(({ judged }) => judged === best);
  const rejection = contender && firstRejection(contender.verdict);
  if (!best?.candidate.sample || !rejection) return null;
  if (!plan.repairsLogic && !FORM_CHECKS.has(rejection.kind)) return null;
  return repair(situation, best.candidate, best.candidate.sample, rejection);
}

function repair(situation: Situation, candidate: Candidate, made: Sample, rejection: Check): Decision {
  // Low: a repair changes what the evidence names and keeps the rest.
  const sample = { index: nextIndex(situation), model: made.model, temperature: 0.2, seed: nextIndex(situation) + 1 };
  const evidence = `${rejection.kind}: ${rejection.evidence}`;
  return { kind: 'repair', candidate, evidence, sample, reason: `${rejection.kind} failed` };
}

function sampleAfresh(situation: Situation, model: string, plan: SamplingPlan): Decision | null {
  if (situation.request.candidates !== undefined) return null;
  if (samplesOf(situation, model).length > plan.candidates) return null;
  return { kind: 'sample', samples: newSamples(situation, model, 1, plan), reason: 'one fresh sample after repair' };
}

/** The smallest model that is larger than those tried, among the user's or the configured ones and the heavy one. */
function escalate(situation: Situation, model: string): Decision | null {
  const { models } = situation;
  const sized = (name: string): number => sizeOf(models.nodes, name);
  const tried = new Set([model, ...allSamples(situation).map((sample) => sample.model)]);
  const largestTried = Math.max(...[...tried].map(sized));
  const allowed = situation.request.models.length > 0 ? models.workers : [...models.workers, models.heavy];
  const larger = allowed
    .filter((name) => !tried.has(name) && sized(name) > largestTried)
    .sort((a, b) => sized(a) - sized(b))[0];
  if (!larger) return null;
  const plan = planSampling(situation.request, larger, models.nodes, {
    secondsLeft: Number.MAX_SAFE_INTEGER,
    temperature: situation.defaultTemperature,
  });
  return {
    kind: 'sample',
    samples: newSamples(situation, larger, Math.min(WAVE, callsLeft(situation)), plan),
    reason: `turning to the larger model ${larger}`,
  };
}

function settle(situation: Situation, reason: string, notes: readonly string[] = []): Decision {
  const selection = selectCandidate(situation.contenders);
  const explanations = [...(selection?.explanations ?? []), ...notes, ...situation.models.substitutions];
  const explained = selection && { ...selection, explanations };
  return { kind: 'settle', selection: explained, reason };
}

function newSamples(situation: Situation, model: string, count: number, plan: SamplingPlan): readonly Sample[] {
  const first = nextIndex(situation);
  return Array.from({ length: count }, (_, offset) => ({
    index: first + offset,
    model,
    temperature: first + offset === 0 ? plan.firstTemperature : plan.otherTemperature,
    seed: first + offset + 1,
  }));
}

function samplesOf(situation: Situation, model: string): readonly Sample[] {
  const drawn = situation.contenders.filter(({ judged }) => judged.candidate.origin === 'sample');
  return [...drawn.flatMap(({ judged }) => sampleOf(judged)), ...situation.lost].filter(
    (sample) => sample.model === model,
  );
}

function allSamples({ contenders, lost }: Situation): readonly Sample[] {
  return [...contenders.flatMap(({ judged }) => sampleOf(judged)), ...lost];
}

function sampleOf({ candidate }: JudgedCandidate): readonly Sample[] {
  return candidate.sample ? [candidate.sample] : [];
}

function nextIndex(situation: Situation): number {
  return Math.max(-1, ...allSamples(situation).map((sample) => sample.index)) + 1;
}

function callsLeft({ scope, spent }: Situation): number {
  return scope.limits.modelCalls - spent.modelCalls;
}
