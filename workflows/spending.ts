import type { ModelUsage } from '../domain/candidate.ts';
import type { RequestLimits } from '../domain/request.ts';
import type { Spent } from '../domain/result.ts';

export const NOTHING_SPENT: Spent = { modelCalls: 0, tokens: 0 };

export function addSpent(left: Spent, right: Spent): Spent {
  return { modelCalls: left.modelCalls + right.modelCalls, tokens: left.tokens + right.tokens };
}

/** One call with its tokens. */
export function spentOn({ promptTokens, completionTokens }: ModelUsage): Spent {
  return { modelCalls: 1, tokens: promptTokens + completionTokens };
}

/** What is left of the limits, divided evenly; each share is one call at least, so that nobody starts with nothing. */
export function shareOfLimits(limits: RequestLimits, { modelCalls, tokens }: Spent, shares: number): RequestLimits {
  return {
    ...limits,
    modelCalls: Math.max(1, Math.floor((limits.modelCalls - modelCalls) / Math.max(1, shares))),
    tokens: Math.max(1, Math.floor((limits.tokens - tokens) / Math.max(1, shares))),
  };
}

/** True when no call may follow: the run ends with what it has. */
export function isUsedUp(limits: RequestLimits, { modelCalls, tokens }: Spent): boolean {
  return modelCalls >= limits.modelCalls || tokens >= limits.tokens;
}
