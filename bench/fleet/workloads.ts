import { createDraw, type Draw } from './draw.ts';
import { CODER, HEAVY, LIGHT } from './fleets.ts';
import type { BenchCall, BenchJob, SharedPrefix, Workload } from './scenario.ts';

/** Answers of one kind spread this much around their median. */
const ANSWER_SIGMA = 0.8;
const PROMPT_SIGMA = 0.5;
/** A caller predicts half of the longest answer that it allows, as Hydra does with its default of 2,048 tokens. */
const PREDICTED_ANSWER = 1024;
/** For answers that are data, such as a classification. */
const PREDICTED_DATA = 128;

/** What calls of one kind are like; tokens are medians. */
interface Stage {
  readonly model: string;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly predictedTokens: number;
}

const CLASSIFY: Stage = { model: LIGHT.name, promptTokens: 400, completionTokens: 60, predictedTokens: PREDICTED_DATA };
const DECOMPOSE: Stage = {
  model: HEAVY.name,
  promptTokens: 1000,
  completionTokens: 400,
  predictedTokens: PREDICTED_ANSWER,
};
const GENERATE: Stage = {
  model: CODER.name,
  promptTokens: 1200,
  completionTokens: 350,
  predictedTokens: PREDICTED_ANSWER,
};
const VERIFY: Stage = { model: LIGHT.name, promptTokens: 1200, completionTokens: 120, predictedTokens: PREDICTED_DATA };
const MERGE: Stage = {
  model: CODER.name,
  promptTokens: 2500,
  completionTokens: 600,
  predictedTokens: PREDICTED_ANSWER,
};
const PARTS = 6;

/** A single question, as most callers of a router ask. */
const QUESTIONS: readonly (readonly [Stage, number])[] = [
  [{ model: LIGHT.name, promptTokens: 600, completionTokens: 350, predictedTokens: PREDICTED_ANSWER }, 40],
  [{ model: CODER.name, promptTokens: 600, completionTokens: 350, predictedTokens: PREDICTED_ANSWER }, 45],
  [{ model: HEAVY.name, promptTokens: 600, completionTokens: 350, predictedTokens: PREDICTED_ANSWER }, 15],
];

/** How much work a workload has; the defaults are those of the report, less is for a run over real HTTP. */
export interface WorkloadSize {
  /** Calls of the bursts. */
  readonly calls: number;
  /** Jobs of the fan-outs. */
  readonly jobs: number;
  /** Mean time between two jobs of the fan-out: at 60 s the mixed fleet is busy for about four fifths of the time. */
  readonly jobIntervalSeconds: number;
}

const REPORTED_SIZE: WorkloadSize = { calls: 400, jobs: 30, jobIntervalSeconds: 60 };
/** Twice the mixed fleet's hosts. */
const CAP = 12;

/** Determinism: name, seed and size give the same workload; sizes share their first calls. */
export function createWorkload(name: Workload['name'], seed: number, size: Partial<WorkloadSize> = {}): Workload {
  const draw = createDraw(seed);
  const { calls, jobs, jobIntervalSeconds } = { ...REPORTED_SIZE, ...size };
  switch (name) {
    case 'burst':
      return { name, atOnce: null, jobs: createQuestions(draw, calls, 'default') };
    case 'capped-burst':
      return { name, atOnce: CAP, jobs: createQuestions(draw, calls, 'default') };
    case 'fan-out':
      return { name, atOnce: null, jobs: createArrivals(draw, jobs, jobIntervalSeconds, createFanOut) };
    case 'shared-prefix':
      return { name, atOnce: null, jobs: createArrivals(draw, jobs, jobIntervalSeconds, createSharedPrefixJob) };
    case 'two-callers':
      return { name, atOnce: null, jobs: createTwoCallers(draw, calls) };
    default:
      return name satisfies never;
  }
}

function createQuestions(draw: Draw, count: number, namespace: string, atSeconds = 0): readonly BenchJob[] {
  return Array.from({ length: count }, (_, place) => {
    const id = `${namespace}-${place + 1}`;
    const calls = [createCall(draw, id, draw.pick(QUESTIONS))];
    return { id, namespace, arrivesAtSeconds: atSeconds, calls };
  });
}

/** The one asks for ten times as much as the other, who comes when all hosts are busy. */
function createTwoCallers(draw: Draw, calls: number): readonly BenchJob[] {
  const large = createQuestions(draw, Math.round((calls * 10) / 11), 'large');
  const small = createQuestions(draw, Math.round(calls / 11), 'small', 30);
  return [...large, ...small];
}

function createArrivals(
  draw: Draw,
  count: number,
  intervalSeconds: number,
  create: (draw: Draw, id: string) => readonly BenchCall[],
): readonly BenchJob[] {
  let arrivesAtSeconds = 0;
  return Array.from({ length: count }, (_, place) => {
    if (place > 0) arrivesAtSeconds += draw.exponential(intervalSeconds);
    const id = `job-${place + 1}`;
    return { id, namespace: 'default', arrivesAtSeconds, calls: create(draw, id) };
  });
}

/** classify, decompose, then for each part generate and verify, then merge. */
function createFanOut(draw: Draw, job: string): readonly BenchCall[] {
  const classify = createCall(draw, `${job}/classify`, CLASSIFY);
  const decompose = createCall(draw, `${job}/decompose`, DECOMPOSE, [classify]);
  const parts = Array.from({ length: PARTS }, (_, part) => {
    const generate = createCall(draw, `${job}/generate-${part + 1}`, GENERATE, [decompose]);
    return [generate, createCall(draw, `${job}/verify-${part + 1}`, VERIFY, [generate])];
  });
  const merge = createCall(
    draw,
    `${job}/merge`,
    MERGE,
    parts.flatMap((part) => part.slice(-1)),
  );
  return [classify, decompose, ...parts.flat(), merge];
}

/** The files of a project, which every question about it begins with. */
const PREFIX_TOKENS = 8000;

/** Questions about one project: their prompts share their first 8,000 tokens. */
function createSharedPrefixJob(draw: Draw, job: string): readonly BenchCall[] {
  const prefix: SharedPrefix = { id: job, tokens: PREFIX_TOKENS };
  return Array.from({ length: PARTS }, (_, part) => {
    const call = createCall(draw, `${job}/ask-${part + 1}`, GENERATE);
    return { ...call, promptTokens: call.promptTokens + PREFIX_TOKENS, prefix };
  });
}

function createCall(draw: Draw, id: string, stage: Stage, after: readonly BenchCall[] = []): BenchCall {
  return {
    id,
    model: stage.model,
    promptTokens: Math.round(draw.logNormal(stage.promptTokens, PROMPT_SIGMA)),
    prefix: null,
    completionTokens: Math.max(1, Math.round(draw.logNormal(stage.completionTokens, ANSWER_SIGMA))),
    predictedTokens: stage.predictedTokens,
    after: after.map((call) => call.id),
  };
}
