import type { CallPrediction } from '../../domain/lease.ts';
import type { CallDeadlines } from '../../models/language-model.ts';

/** Fewer calls may all have been odd ones: until then the deadlines are those of the settings. */
const SAMPLES_TO_TRUST = 3;
/** Loads vary with the disk's cache, prompts with what else the host reads, decoding with its neighbours. */
const MARGIN = 3;
/** A learned load may have come out of the disk's cache; a cold one still starts within this on a usual disk. */
const SHORTEST_FIRST_TOKEN_MS = 30_000;
/** So many tokens' time of silence is no longer the rhythm of a model; a moment of swapping is 3 s at most. */
const TOKENS_OF_SILENCE = 20;
const SHORTEST_IDLE_MS = 3_000;
/** A host with several slots reads this many tokens of another prompt between two tokens of this answer. */
const BATCH_TOKENS = 512;
/** From the first token to the last of the longest answer, for hosts so fast that three times nothing is nothing. */
const SHORTEST_DECODE_MS = 30_000;

/** What the deadlines of a call are made of. */
export interface CallToTime {
  readonly prediction: CallPrediction;
  readonly promptTokens: number;
  /** Upper bound of the answer, thinking included. */
  readonly maxTokens: number;
  /** Slots of the host: with more than one, calls hold each other up. */
  readonly slots: number;
}

/**
 * Deadlines of a call: bounded multiples of what was learned of this model on this host, never beyond those of the settings,
 * and those of the settings for what was not learned yet.
 */
export function deadlinesOf(call: CallToTime, settings: CallDeadlines): CallDeadlines {
  const { prediction } = call;
  if (prediction.samples < SAMPLES_TO_TRUST) return settings;
  const firstTokenMs = Math.min(settings.firstTokenMs, firstTokenOf(prediction));
  const decodeMs = (1000 * call.maxTokens) / prediction.completionTokensPerSecond;
  return {
    firstTokenMs,
    idleMs: Math.min(settings.idleMs, idleOf(call)),
    totalMs: Math.min(settings.totalMs, firstTokenMs + Math.max(SHORTEST_DECODE_MS, MARGIN * decodeMs)),
  };
}

/** A host may throw a model out at any moment, so a load is always allowed for; unmeasured, it may take any time. */
function firstTokenOf({ loadSeconds, promptSeconds }: CallPrediction): number {
  if (loadSeconds === null) return Infinity;
  return Math.max(SHORTEST_FIRST_TOKEN_MS, 1000 * MARGIN * (loadSeconds + promptSeconds));
}

function idleOf({ prediction, promptTokens, slots }: CallToTime): number {
  const tokenMs = 1000 / prediction.completionTokensPerSecond;
  const promptTokenMs = (1000 * prediction.promptSeconds) / Math.max(1, promptTokens);
  const othersMs = slots > 1 ? MARGIN * BATCH_TOKENS * promptTokenMs : 0;
  return Math.max(SHORTEST_IDLE_MS, TOKENS_OF_SILENCE * tokenMs, othersMs);
}
