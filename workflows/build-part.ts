import { CancellationScope, isCancellation } from '@temporalio/workflow';
import type { Selection } from '../domain/decision.ts';
import type { BuildPartInput, BuildPartOutput } from './contract.ts';
import { explainLedger, listRepairs, openLedger } from './ledger.ts';
import { produceProgram, settleNow, type Production } from './produce-program.ts';
import { toTemporalFailure } from './to-report.ts';
import { watchPart } from './watch-part.ts';

/**
 * Builds one part of a plan: candidates, verification, repair. One child workflow per part. When it is cancelled it ends with
 * the best candidate there is by then: its run may have come to a limit, at which what is proven counts.
 */
export async function buildPart({ scope, timeouts }: BuildPartInput): Promise<BuildPartOutput> {
  const startedAt = Date.now();
  const ledger = openLedger();
  const watcher = watchPart(scope, ledger);
  const production = { scope, ledger, timeouts, watcher };
  const end = (selection: Selection | null, wasCancelled: boolean): BuildPartOutput => {
    const notes = explainLedger(ledger, scope.classification.language);
    const seconds = (Date.now() - startedAt) / 1000;
    return { selection, spent: ledger.spent, seconds, notes, repairs: listRepairs(ledger), wasCancelled };
  };
  try {
    return end(await produceProgram(production), false);
  } catch (error) {
    if (isCancellation(error)) return end(await settleInTime(production), true);
    await watcher.tellRun('failed');
    throw toTemporalFailure(error);
  }
}

/** Choosing takes well under a second; a store that does not answer must not keep a cancelled part from its end. */
const SETTLE_MS = 20_000;

async function settleInTime(production: Production): Promise<Selection | null> {
  if (production.ledger.judged.length === 0) return null;
  try {
    return await CancellationScope.nonCancellable(() =>
      CancellationScope.withTimeout(SETTLE_MS, () => settleNow(production)),
    );
  } catch (error) {
    if (!isCancellation(error)) throw toTemporalFailure(error);
    production.ledger.notes.push(`Its candidates could not be compared within ${SETTLE_MS / 1000} seconds of its end.`);
    return null;
  }
}
