import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DefaultLogger, makeTelemetryFilterString, Runtime, Worker, type ReplayResult } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PartId, RunId } from '../../domain/ids.ts';
import { buildWorkflowBundle } from '../../workers/workflow-bundle.ts';
import { partWorkflowId } from '../../workflows/contract.ts';
import { HISTORY_CASES, PULL_CASES } from '../support/history-cases.ts';
import { readHistories, toText, type StoredHistory } from '../support/history-files.ts';

/** The last event of a history of a run with this status. */
const LAST_EVENT = {
  completed: 'workflowExecutionCompletedEventAttributes',
  failed: 'workflowExecutionFailedEventAttributes',
  cancelled: 'workflowExecutionCanceledEventAttributes',
} as const;

let cacheFolder: string;
let codePath: string;
let histories: readonly StoredHistory[];

beforeAll(async () => {
  // Both layers of the SDK warn about each history that does not fit; the result says so, too.
  Runtime.install({
    shutdownSignals: [],
    logger: new DefaultLogger('ERROR', () => {}),
    telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR' }) } },
  });
  cacheFolder = await mkdtemp(join(tmpdir(), 'hydra-replay-'));
  ({ codePath } = await buildWorkflowBundle(cacheFolder));
  histories = await readHistories();
});

afterAll(() => rm(cacheFolder, { recursive: true, force: true }));

async function replay(stored: readonly StoredHistory[]): Promise<readonly ReplayResult[]> {
  const results: ReplayResult[] = [];
  for await (const result of Worker.runReplayHistories({ workflowBundle: { codePath } }, stored)) results.push(result);
  return results;
}

function historyOf(workflowId: string): StoredHistory {
  const found = histories.find((stored) => stored.workflowId === workflowId);
  if (!found) throw new Error(`There is no history of ${workflowId}.`);
  return found;
}

/** The run as it would have gone had the workflow asked for another step where it asked for this one. */
function withOtherStep({ workflowId, history }: StoredHistory, step: string, other: string): StoredHistory {
  const events = history.events?.map((event) => {
    const scheduled = event.activityTaskScheduledEventAttributes;
    if (scheduled?.activityType?.name !== step) return event;
    return { ...event, activityTaskScheduledEventAttributes: { ...scheduled, activityType: { name: other } } };
  });
  return { workflowId, history: { ...history, events: events ?? null } };
}

describe('the stored histories', () => {
  test('replay to their end with the workflows of today', async () => {
    const results = await replay(histories);
    expect(results.filter((result) => result.error).map(({ workflowId, error }) => `${workflowId}: ${error}`)).toEqual(
      [],
    );
    expect(results).toHaveLength(histories.length);
  });

  test('are those of the cases that are recorded, each ended as it says', () => {
    const workflowIds = HISTORY_CASES.flatMap(({ id, parts = [] }) => [
      id,
      ...parts.map((part) => partWorkflowId(id as RunId, part as PartId)),
    ]);
    const pulls = PULL_CASES.map(({ id }) => id);
    expect(histories.map((stored) => stored.workflowId)).toEqual([...workflowIds, ...pulls].toSorted());
    for (const { id, ends } of [...HISTORY_CASES, ...PULL_CASES])
      expect(historyOf(id).history.events?.at(-1)).toHaveProperty(LAST_EVENT[ends.status], expect.anything());
  });

  test('tell nothing of the machine that recorded them', () => {
    const telling = /\/(?:tmp|home|root|Users|var|work)\/|[A-Z]:\\\\Users|127\.0\.0\.1|localhost|"identity"|stackTrace/;
    for (const { workflowId, history } of histories)
      expect.soft(telling.exec(toText(history))?.[0], workflowId).toBeUndefined();
  });
});

describe('a history that does not fit the workflows', () => {
  test.each([
    ['verified', 'verifyProgram', 'recordResult'],
    ['decomposed/double', 'generateText', 'acquireNode'],
    ['rerouted', 'acquireNode', 'generateText'],
    ['pulled', 'pullOnNode', 'acquireNode'],
  ])('is found out: %s with another step for %s', async (workflowId, step, other) => {
    const [result] = await replay([withOtherStep(historyOf(workflowId), step, other)]);
    expect(result?.error).toBeInstanceOf(DeterminismViolationError);
    expect(result?.error?.message).toContain(step);
  });
});
