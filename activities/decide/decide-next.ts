import type { Candidate, JudgedCandidate, Sample } from '../../domain/candidate.ts';
import type { Decision } from '../../domain/decision.ts';
import { isRunnable } from '../../domain/language.ts';
import { firstRejection, type Check, type CheckKind } from '../../domain/verdict.ts';
import { formatCount } from '../../domain/format-count.ts';
import { sizeOf } from '../choose-models.ts';
import { describeStandIns } from './describe-stand-ins.ts';
import { planSampling, type SamplingPlan } from './sampling-plan.ts';
import { agreesOnAll, isValue, selectCandidate, type Contender } from './select-candidate.ts';
import type { Situation } from './situation.ts';
import { writersOf } from './writers-of.ts';

/** Samples are made two at a time, so that two that agree save the others. */
const WAVE = 2;
/** Calls that a question for calls may take: itself, and once more when its answer breaks the form. */
const QUESTION = 2;
/** Checks whose failures even small models repair well; a wrong result is none of them. */
const FORM_CHECKS: ReadonlySet<CheckKind> = new Set(['parse', 'placeholders', 'contract', 'import']);

/**
 * What to do next for one program: propose calls, sample in waves until two agree, repair on trusted evidence, one fresh
 * sample, the next larger model, and then settle with the best there is.
 */
export function decideNext(situation: Situation): Decision {
  const { contenders } = situation;
  if (situation.mustSettle) return settle(situation, 'no more work is wanted');
  const agreed = settleEarly(situation);
  if (agreed) return agreed;
  const limit = limitReached(situation);
  if (limit) return settle(situation, limit, limit);
  const model = writersOf(situation)[0] ?? situation.models.heavy;
  const plan = planWith(situation, model);
  if (needsCalls(situation)) return proposeCalls(situation);
  return (
    sampleMore(situation, model, plan) ??
    settleAccepted(contenders, situation) ??
    repairBest(situation, plan) ??
    sampleAfresh(situation, model, plan) ??
    escalate(situation, model) ??
    settle(situation, 'repair and larger models did not help')
  );
}

function planWith(situation: Situation, model: string): SamplingPlan {
  return planSampling(situation.request, model, situation.models.nodes, {
    secondsLeft: situation.scope.limits.minutes * 60 - situation.secondsUsed,
    temperature: situation.defaultTemperature,
  });
}

/** The limit as the request names it; what is left of it for this program is less when other work came before. */
function limitReached({ scope, spent, request }: Situation): string | null {
  if (spent.modelCalls >= scope.limits.modelCalls)
    return `the limit of ${formatCount(request.limits.modelCalls, 'model call')}`;
  if (spent.tokens >= scope.limits.tokens) return `the limit of ${formatCount(request.limits.tokens, 'token')}`;
  return null;
}

function needsCalls(situation: Situation): boolean {
  const { scope, callsProposed, contenders, lost } = situation;
  const { classification, planned } = scope;
  // The question is worth a call only while enough are left for candidates to compare.
  if (callsLeft(situation) < QUESTION + WAVE) return false;
  if (callsProposed || contenders.length > 0 || lost.length > 0 || !isRunnable(classification.language)) return false;
  if (planned) return planned.part.examples.length === 0;
  return classification.examples.length === 0 && classification.entryPoints.length > 0;
}

function proposeCalls({ models }: Situation): Decision {
  const sample: Sample = { index: 0, model: models.tasks.tests?.[0] ?? models.light, temperature: 0, seed: 1 };
  const doing = 'asking for calls to compare candidates by';
  return { kind: 'propose_calls', sample, reason: 'no example says how the program is called', doing };
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
  const numbers = samples.map((_, offset) => made + offset + 1).join(' and ');
  const doing = `writing and checking candidate${samples.length === 1 ? '' : 's'} ${numbers} of ${plan.candidates}`;
  return {
    kind: 'sample',
    samples,
    reason: `${made} of ${formatCount(plan.candidates, 'candidate')} made: ${plan.why}`,
    doing,
  };
}

function settleAccepted(contenders: readonly Contender[], situation: Situation): Decision | null {
  return contenders.some(({ judged }) => judged.accepted) ? settle(situation, 'all candidates are made') : null;
}

/** Repairs the best candidate on trusted evidence, as often as it pays for a model of the repairing one's size. */
function repairBest(situation: Situation, writingPlan: SamplingPlan): Decision | null {
  const repairer = situation.models.tasks.repair?.[0];
  const plan = repairer === undefined ? writingPlan : planWith(situation, repairer);
  const rounds = repairsOf(situation).length;
  if (rounds >= Math.min(plan.repairRounds, situation.scope.limits.repairRounds)) return null;
  const best = selectCandidate(situation.contenders)?.chosen;
  const contender = situation.contenders.find(({ judged }) => judged === best);
  const rejection = contender && firstRejection(contender.verdict);
  if (!best?.candidate.sample || !rejection) return null;
  if (!plan.repairsLogic && !FORM_CHECKS.has(rejection.kind)) return null;
  return repair(situation, best.candidate, repairer ?? best.candidate.sample.model, rejection);
}

function repair(situation: Situation, candidate: Candidate, model: string, rejection: Check): Decision {
  // Low: a repair changes what the evidence names and keeps the rest.
  const sample = { index: nextIndex(situation), model, temperature: 0.2, seed: nextIndex(situation) + 1 };
  const evidence = `${rejection.kind}: ${rejection.evidence}`;
  const round = repairsOf(situation).length + 1;
  const doing = `repairing candidate ${(candidate.sample?.index ?? 0) + 1}, round ${round}`;
  return { kind: 'repair', candidate, evidence, sample, reason: `${rejection.kind} failed`, doing };
}

function sampleAfresh(situation: Situation, model: string, plan: SamplingPlan): Decision | null {
  if (situation.request.candidates !== undefined) return null;
  if (samplesOf(situation, model).length > plan.candidates) return null;
  const samples = newSamples(situation, model, 1, plan);
  return {
    kind: 'sample',
    samples,
    reason: 'one fresh sample after repair',
    doing: 'writing and checking a fresh one',
  };
}

/** The smallest model that is larger than those that wrote, among the user's or the configured ones and the heavy one. */
function escalate(situation: Situation, model: string): Decision | null {
  const { models } = situation;
  const sized = (name: string): number => sizeOf(models.nodes, name);
  const tried = new Set([model, ...writtenSamples(situation).map((sample) => sample.model)]);
  const largestTried = Math.max(...[...tried].map(sized));
  const allowed = situation.request.models.length > 0 ? models.workers : [...writersOf(situation), models.heavy];
  const larger = allowed
    .filter((name) => !tried.has(name) && sized(name) > largestTried)
    .sort((a, b) => sized(a) - sized(b))[0];
  if (!larger) return null;
  const plan = planWith(situation, larger);
  const count = Math.min(WAVE, plan.candidates, callsLeft(situation));
  const samples = newSamples(situation, larger, count, plan);
  const doing = `writing and checking ${count} with the larger model ${larger}`;
  return { kind: 'sample', samples, reason: `turning to the larger model ${larger}`, doing };
}

function settle(situation: Situation, reason: string, limit: string | null = null): Decision {
  const selection = selectCandidate(situation.contenders);
  const explanations = [...(selection?.explanations ?? []), ...describeStandIns(situation)];
  const explained = selection && { ...selection, explanations };
  return { kind: 'settle', selection: explained, reason, limit };
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
  return writtenSamples(situation).filter((sample) => sample.model === model);
}

/** Without repairs: a model that only repaired may still have its turn at writing. */
function writtenSamples({ contenders, lost }: Situation): readonly Sample[] {
  const drawn = contenders.filter(({ judged }) => judged.candidate.origin === 'sample');
  return [...drawn.flatMap(({ judged }) => sampleOf(judged)), ...lost];
}

function repairsOf({ contenders }: Situation): readonly Contender[] {
  return contenders.filter(({ judged }) => judged.candidate.origin === 'repair');
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
