import { z } from 'zod';

/** What one call tells of how many calls a host really runs at once. */
export interface SlotSample {
  /** What the operator says; never more than that. */
  readonly slots: number;
  /** Calls of this model on this host when this one began, itself included. */
  readonly running: number;
  /** Time on the host that was neither load, nor prompt, nor answer: the wait in a queue that the host does not show. */
  readonly slotWaitMs: number;
  readonly totalMs: number;
  readonly completionTokens: number;
  readonly decodeMs: number;
}

/** How many calls of one model a host should get at once, and what that rests on. Plain JSON, to be kept. */
export const parallelismSchema = z.object({
  credits: z.int().min(1),
  /** Calls in a row that had all credits in use and did not wait. */
  quietCalls: z.int().min(0),
  /** So many quiet calls are needed before one more credit is tried. */
  patience: z.number().min(1),
  /** Tokens a second of all calls together; at place `n` for `n + 1` calls at once, zero where nothing was measured. */
  throughput: z.array(z.number().min(0)),
});

export type Parallelism = Readonly<z.infer<typeof parallelismSchema>>;

/** Shorter waits are the host's reading of the request and writing of the answer; a busy machine takes longer for them. */
const SHORTEST_WAIT_MS = 200;
const WAIT_SHARE = 0.02;
/** Of a new measurement against those before. */
const NEW_SHARE = 0.3;
/** One more call at once must bring so much more throughput; less is noise, and only makes each call slower. */
const WORTHWHILE_GAIN = 1.05;
const FIRST_PATIENCE = 4;
/** A host whose operator gives it more slots is found out within so many calls. */
const LONGEST_PATIENCE = 64;

/** Calls that a model should get at once on a host: what was learned, within what the operator says. */
export function creditsOf(known: Parallelism | null, slots: number): number {
  return Math.max(1, Math.min(known?.credits ?? slots, slots));
}

/**
 * Learns from a call that has ended. It starts from what the operator says; a wait in the hidden queue, or a throughput that
 * has not grown, takes one credit away; quiet calls win it back, after ever more of them where that has failed before.
 */
export function learnParallelism(known: Parallelism | null, sample: SlotSample): Parallelism {
  const start = known ?? { credits: sample.slots, quietCalls: 0, patience: FIRST_PATIENCE, throughput: [] };
  const now = { ...start, credits: creditsOf(start, sample.slots) };
  if (hasWaited(sample)) return sample.running > 1 ? lower(now, sample.running - 1) : now;
  const measured = { ...now, throughput: noteThroughput(now.throughput, sample) };
  if (sample.running < measured.credits) return measured;
  if (sample.running === measured.credits && isInVain(measured)) return lower(measured, measured.credits - 1);
  return raiseWhenQuiet(measured, sample.slots);
}

function hasWaited({ slotWaitMs, totalMs }: SlotSample): boolean {
  return slotWaitMs > Math.max(SHORTEST_WAIT_MS, WAIT_SHARE * totalMs);
}

/** Calls that were granted before the last step tell what is known already; they cost no more patience. */
function lower(now: Parallelism, most: number): Parallelism {
  if (most >= now.credits) return { ...now, quietCalls: 0 };
  return { ...now, credits: most, quietCalls: 0, patience: Math.min(now.patience * 2, LONGEST_PATIENCE) };
}

function raiseWhenQuiet(now: Parallelism, slots: number): Parallelism {
  const quietCalls = now.quietCalls + 1;
  if (quietCalls < now.patience || now.credits >= slots) return { ...now, quietCalls };
  return { ...now, credits: now.credits + 1, quietCalls: 0 };
}

/** True when one call less at once was measured to do as much. */
function isInVain({ credits, throughput }: Parallelism): boolean {
  const before = throughput[credits - 2] ?? 0;
  return before > 0 && (throughput[credits - 1] ?? 0) < before * WORTHWHILE_GAIN;
}

function noteThroughput(throughput: readonly number[], sample: SlotSample): number[] {
  const { running, completionTokens, decodeMs, slots } = sample;
  const known = Array.from({ length: Math.max(slots, running) }, (_, place) => throughput[place] ?? 0);
  if (!(decodeMs > 0) || !(completionTokens > 0)) return known;
  const measured = (running * completionTokens * 1000) / decodeMs;
  const before = known[running - 1] ?? 0;
  known[running - 1] = before === 0 ? measured : before + NEW_SHARE * (measured - before);
  return known;
}
