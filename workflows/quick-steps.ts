import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { ControlActivities } from '../activities/registry.ts';
import type { RunTimeouts } from './contract.ts';
import { toReport } from './to-report.ts';

/** A minute covers a store that is locked or restarting. */
const QUICK = { startToCloseTimeout: '1 minute', retry: { initialInterval: '200ms', maximumInterval: '10s' } } as const;

const local = proxyLocalActivities<Omit<ControlActivities, 'mergeProgram'>>({
  ...QUICK,
  retry: { ...QUICK.retry, nonRetryableErrorTypes: ['NoModelKnown'] },
});

/**
 * Quick, repeatable steps beside the workflow: they read and write stores. Local, so that several of them are one exchange
 * with Temporal; their results stand in the history as markers.
 */
export const control: Pick<
  ControlActivities,
  'classifyByParser' | 'grantNode' | 'recordFailure' | 'recordProgress' | 'recordResult' | 'reduceStep'
> = {
  classifyByParser: (input) => inTurn(() => local.classifyByParser(input)),
  grantNode: (input) => inTurn(() => local.grantNode(input)),
  recordFailure: (input) => inTurn(() => local.recordFailure(input)),
  recordProgress: (input) => inTurn(() => local.recordProgress(input)),
  recordResult: (input) => inTurn(() => local.recordResult(input)),
  reduceStep: (input) => inTurn(() => local.reduceStep(input)),
};

type ChoosingActivities = Pick<ControlActivities, 'planSample' | 'decideNext' | 'recallResult'>;

/** Steps that choose a model: at once where a model is known; else they wait, visibly, until some host has shown one. */
export function choosingActivities(timeouts: RunTimeouts): ChoosingActivities {
  const waiting = proxyActivities<ChoosingActivities>({
    startToCloseTimeout: '1 minute',
    scheduleToCloseTimeout: timeouts.maxWaitForNodeMs,
    retry: { initialInterval: '200ms', maximumInterval: '5s' },
  });
  return {
    planSample: (input) => inTurn(() => local.planSample(input)).catch(onceKnown(() => waiting.planSample(input))),
    decideNext: (input) => inTurn(() => local.decideNext(input)).catch(onceKnown(() => waiting.decideNext(input))),
    recallResult: (input) =>
      inTurn(() => local.recallResult(input)).catch(onceKnown(() => waiting.recallResult(input))),
  };
}

function onceKnown<Result>(wait: () => Promise<Result>): (error: unknown) => Promise<Result> {
  return (error) => {
    // A local activity's failure comes with or without a wrapping, so its type is looked for inside.
    if (toReport(error).type === 'NoModelKnown') return wait();
    throw error;
  };
}

/** The last quick step of this workflow; modules are loaded anew for every workflow, so no other one shares it. */
let lastStep: Promise<unknown> = Promise.resolve();

/**
 * One local activity after another. Two at once end in an order that the history does not keep, so that what follows them
 * would be replayed in another order than it ran: a stored history of two candidates at once has shown it.
 */
function inTurn<Result>(step: () => Promise<Result>): Promise<Result> {
  const turn = lastStep.then(step, step);
  lastStep = turn.catch(() => {});
  return turn;
}
