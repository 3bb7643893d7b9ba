import type { NodeId } from '../../domain/ids.ts';
import { AnswerLengths } from '../learning/answer-lengths.ts';
import { FairShares } from './fair-shares.ts';
import { HostBreakers } from '../health/host-breakers.ts';
import { RateBook } from '../learning/learned-rates.ts';
import { MemoryLimits } from '../model-memory/memory-limits.ts';
import type { SchedulerOptions } from './scheduler-options.ts';

/** What calls teach a scheduler. */
export interface Learning {
  readonly rates: RateBook;
  readonly lengths: AnswerLengths;
  readonly shares: FairShares;
  readonly breakers: HostBreakers;
  readonly memoryLimits: MemoryLimits;
}

/** Begins with what is given, and otherwise with nothing. */
export function createLearning(options: SchedulerOptions): Learning {
  const now = (): number => options.clock.now();
  return {
    rates: options.rates ?? new RateBook(now),
    lengths: options.lengths ?? new AnswerLengths(),
    shares: options.shares ?? new FairShares(),
    breakers: new HostBreakers(options.clock, options.random ?? Math.random),
    memoryLimits: options.memoryLimits ?? new MemoryLimits(now),
  };
}

/** Forgets all that was learned of one host. */
export function forgetHost({ rates, breakers, memoryLimits }: Learning, id: NodeId): void {
  rates.forget(id);
  breakers.forget(id);
  memoryLimits.forget(id);
}
