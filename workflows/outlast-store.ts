import { sleep } from '@temporalio/workflow';
import { toReport } from './to-report.ts';

const FIRST_REST_MS = 500;
/** Each try is about eleven events: a day without the store takes a third of what a history may hold. */
const LONGEST_REST_MS = 60_000;

/** Does the step again, in growing pauses, for as long as it fails because the store is away. */
export async function outlastStore<Result>(step: () => Promise<Result>): Promise<Result> {
  for (let restMs = FIRST_REST_MS; ; restMs = Math.min(LONGEST_REST_MS, 2 * restMs)) {
    try {
      return await step();
    } catch (error) {
      if (toReport(error).type !== 'StoreUnavailable') throw error;
    }
    await sleep(restMs);
  }
}
