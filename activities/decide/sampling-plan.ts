import { sameModel } from '../../domain/model-name.ts';
import type { NodeSnapshot } from '../../domain/node.ts';
import type { SynthesisRequest } from '../../domain/request.ts';
import { findModel, sizeOf } from '../choose-models.ts';

/** How many candidates to make with a model, and how freely. */
export interface SamplingPlan {
  readonly candidates: number;
  readonly firstTemperature: number;
  readonly otherTemperature: number;
  /** Repair rounds that pay for a model of this size. */
  readonly repairRounds: number;
  /** Small models gain nothing from repairing logic; they repair only what does not parse or load. */
  readonly repairsLogic: boolean;
  readonly why: string;
}

/** The first sample is nearly greedy: one try at what the model thinks most likely. */
const FIRST_TEMPERATURE = 0.2;
/** Part of a run's remaining time that one round of samples may take; the rest is for repair, plan and parts. */
const TIME_SHARE = 0.25;
/** Tokens of an ordinary answer, for the time it takes. Measured answers to single functions lie between 150 and 600. */
const ORDINARY_ANSWER_TOKENS = 500;

/**
 * Candidates by model size: coverage grows log-linearly with samples while cost grows linearly, and small models need more.
 * Source: S* and PaT figures, Qwen2.5-Coder model sizes.
 */
export function planSampling(
  request: SynthesisRequest,
  model: string,
  nodes: readonly NodeSnapshot[],
  limits: { readonly secondsLeft: number; readonly temperature: number },
): SamplingPlan {
  const size = sizeOf(nodes, model);
  const bySize = size <= 3 ? SMALL : size <= 9 ? MEDIUM : LARGE;
  const firstTemperature = request.temperature ?? Math.min(FIRST_TEMPERATURE, limits.temperature);
  const otherTemperature = request.temperature ?? limits.temperature;
  if (request.candidates !== undefined) {
    return {
      ...bySize,
      firstTemperature,
      otherTemperature,
      candidates: request.candidates,
      why: 'as many as the request asks for',
    };
  }
  const affordable = affordableCandidates(model, nodes, limits.secondsLeft);
  const candidates = Math.max(1, Math.min(bySize.candidates, affordable));
  const why = affordable < bySize.candidates ? `as many as the time allows (${bySize.why})` : bySize.why;
  return { ...bySize, firstTemperature, otherTemperature, candidates, why };
}

type BySize = Omit<SamplingPlan, 'firstTemperature' | 'otherTemperature'>;

const SMALL: BySize = {
  candidates: 8,
  repairRounds: 1,
  repairsLogic: false,
  why: 'eight for a model of up to 3 billion parameters',
};
const MEDIUM: BySize = {
  candidates: 4,
  repairRounds: 2,
  repairsLogic: true,
  why: 'four for a model of up to 9 billion parameters',
};
const LARGE: BySize = {
  candidates: 2,
  repairRounds: 2,
  repairsLogic: true,
  why: 'two for a model above 9 billion parameters',
};

/** How many answers the nodes write in the share of the time, at their measured speed; unmeasured nodes set no bound. */
function affordableCandidates(model: string, nodes: readonly NodeSnapshot[], secondsLeft: number): number {
  const capable = nodes.filter((node) => node.state === 'up' && findModel([node], model));
  const speeds = capable.map((node) => ({ slots: node.slots, speed: speedOf(node, model) }));
  if (speeds.length === 0 || speeds.some(({ speed }) => speed === undefined)) return Number.MAX_SAFE_INTEGER;
  const tokensPerSecond = speeds.reduce((sum, { slots, speed }) => sum + slots * (speed ?? 0), 0);
  return Math.floor((secondsLeft * TIME_SHARE * tokensPerSecond) / ORDINARY_ANSWER_TOKENS);
}

function speedOf(node: NodeSnapshot, model: string): number | undefined {
  return node.speeds.find((speed) => sameModel(speed.model, model))?.completionTokensPerSecond ?? undefined;
}
