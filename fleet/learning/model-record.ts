import { z } from 'zod';
import { parallelismSchema } from './parallelism.ts';

/** Sums of work done (tokens, or loads) and of the seconds it took; older work weighs less. */
const tallySchema = z.object({ amount: z.number().positive(), seconds: z.number().positive(), atMs: z.number() });

const speedsSchema = z.object({
  prompt: tallySchema.optional(),
  completion: tallySchema.optional(),
  load: tallySchema.optional(),
});

/** All that was measured of one model on one host. Plain JSON, to be kept. */
export const modelRecordSchema = z.object({
  /** With all of the model in fast memory, and with a part of it beside: two speeds. */
  whole: speedsSchema,
  spilled: speedsSchema,
  /** Null: not seen in memory yet; what is measured until then counts as whole. */
  isSpilled: z.boolean().nullable(),
  /** Prompts in a row that were read so fast that the host must have known them. */
  cachedPrompts: z.int().min(0),
  /** Calls that the speeds rest on. */
  finishedCalls: z.int().min(0),
  /** Calls that finished or failed by the host's fault, older ones weighing less; and those of them that failed. */
  recentCalls: z.number().min(0),
  recentFailures: z.number().min(0),
  endedAtMs: z.number(),
  parallelism: parallelismSchema.nullable(),
});

export type Tally = Readonly<z.infer<typeof tallySchema>>;
export type Speeds = Readonly<z.infer<typeof speedsSchema>>;
export type Work = keyof Speeds;
export type ModelRecord = Readonly<z.infer<typeof modelRecordSchema>>;

/** Old samples lose half their weight after 20 newer ones: follows a changed host within a burst, ignores one odd call. */
const DECAY_PER_SAMPLE = 0.5 ** (1 / 20);
/** And after an hour: what else a machine is used for changes within a day. */
const HALF_LIFE_MS = 3_600_000;
/** However far the clock has leapt, something must remain to be divided. */
const LEAST_DECAY = 2 ** -20;

export const EMPTY_RECORD: ModelRecord = {
  whole: {},
  spilled: {},
  isSpilled: null,
  cachedPrompts: 0,
  finishedCalls: 0,
  recentCalls: 0,
  recentFailures: 0,
  endedAtMs: 0,
  parallelism: null,
};

/** Amount of work per second; null while nothing was measured. */
export function speedOf(tally: Tally | undefined): number | null {
  return tally === undefined ? null : tally.amount / tally.seconds;
}

/** The tally with one more sample, or as it was when the sample says nothing. */
export function addWork(
  tally: Tally | undefined,
  amount: number,
  durationMs: number,
  nowMs: number,
): Tally | undefined {
  if (!(amount > 0) || !(durationMs > 0)) return tally;
  const seconds = durationMs / 1000;
  if (tally === undefined) return { amount, seconds, atMs: nowMs };
  const weight = decay(tally.atMs, nowMs);
  return { amount: tally.amount * weight + amount, seconds: tally.seconds * weight + seconds, atMs: nowMs };
}

/** The record with one more call that ended, well or by the host's fault. */
export function countCall(record: ModelRecord, hasFailed: boolean, nowMs: number): ModelRecord {
  const weight = decay(record.endedAtMs, nowMs);
  return {
    ...record,
    finishedCalls: record.finishedCalls + (hasFailed ? 0 : 1),
    recentCalls: record.recentCalls * weight + 1,
    recentFailures: record.recentFailures * weight + (hasFailed ? 1 : 0),
    endedAtMs: nowMs,
  };
}

/** Of the recent calls, from 0 to 1. */
export function failureShare({ recentCalls, recentFailures }: ModelRecord): number {
  return recentCalls === 0 ? 0 : recentFailures / recentCalls;
}

/** The record of a model that was seen in memory; what was measured before it was first seen belongs to what is seen now. */
export function seenInMemory(record: ModelRecord, isSpilled: boolean): ModelRecord {
  if (record.isSpilled === isSpilled) return record;
  const isFirstSight = record.isSpilled === null && isSpilled;
  const speeds = isFirstSight ? { whole: {}, spilled: record.whole } : {};
  return { ...record, ...speeds, isSpilled, cachedPrompts: 0 };
}

/** The speeds for the state that the model was last seen in. */
export function currentSpeeds(record: ModelRecord): Speeds {
  return record.isSpilled ? record.spilled : record.whole;
}

/** A clock that was set back counts as one that stands. */
function decay(thenMs: number, nowMs: number): number {
  const byTime = 0.5 ** (Math.max(0, nowMs - thenMs) / HALF_LIFE_MS);
  return DECAY_PER_SAMPLE * Math.max(LEAST_DECAY, byTime);
}
