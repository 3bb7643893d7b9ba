import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { randomUUID } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/common';
import { createTemporalRunGateway } from '../../api/temporal-run-gateway.ts';
import type { RunSubmission } from '../../api/run-gateway.ts';
import { toFailureReport } from '../../api/temporal-failures.ts';
import type { ContentHash, RunId } from '../../domain/ids.ts';
import { findFreePort } from '../support/free-port.ts';

const timeouts = { heartbeatMs: 1, scheduleToStartMs: 1, generateMs: 1, maxWaitForNodeMs: 1, verifyMs: 1 };
const taskQueue = `gateway-${randomUUID()}`;

let connection: Connection;
let client: Client;

beforeAll(async () => {
  connection = await Connection.connect({ address: inject('temporalAddress') });
  client = new Client({ connection });
});
afterAll(async () => connection.close());

const createGateway = () => createTemporalRunGateway({ client, timeouts, taskQueue });

function createSubmission(prompt: string, bodyHash = 'hash-a'): RunSubmission {
  return {
    runId: `gateway-${randomUUID()}` as RunId,
    bodyHash,
    requestHash: 'request-hash' as ContentHash,
    request: {
      prompt,
      language: 'python',
      maxTokens: 100,
      models: ['qwen3:1.7b'],
      tests: [],
      examples: [],
      files: [],
      decompose: 'auto',
      priority: 2,
      namespace: 'default',
      fresh: false,
      limits: { modelCalls: 1, tokens: 1, minutes: 1, parts: 1, repairRounds: 1 },
    },
  };
}

describe('the Temporal run gateway', () => {
  it('starts the workflow with what its readers need', async () => {
    const submission = createSubmission(
      'Write\n  a very long story, ünïcode and all, about the number forty-two and more',
    );
    expect(await createGateway().submit(submission)).toBe('accepted');
    const handle = client.workflow.getHandle(submission.runId);
    const info = await handle.describe();
    expect(info).toMatchObject({
      type: 'synthesizeCode',
      taskQueue,
      memo: { bodyHash: 'hash-a', requestHash: 'request-hash' },
      searchAttributes: { HydraState: ['queued'], HydraLanguage: ['python'], HydraModels: ['qwen3:1.7b'] },
      priority: { priorityKey: 2 },
    });
    expect(await info.staticSummary()).toBe('Write a very long story, ünïcode and all, about t…');
    await handle.terminate();
  });

  it('tells an equal submission from another one, while the workflow runs and after it ended', async () => {
    const gateway = createGateway();
    const submission = createSubmission('x');
    await gateway.submit(submission);
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => gateway.submit(submission)));
    expect(new Set(outcomes)).toEqual(new Set(['existing']));
    expect(await gateway.submit({ ...submission, bodyHash: 'hash-b' })).toBe('conflict');
    await client.workflow.getHandle(submission.runId).terminate();
    expect(await gateway.submit(submission)).toBe('existing');
    expect(await gateway.submit({ ...submission, bodyHash: 'hash-b' })).toBe('conflict');
  });

  it('accepts exactly one of many submissions at once', async () => {
    const submission = createSubmission('x');
    const gateway = createGateway();
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => gateway.submit(submission)));
    expect(outcomes.filter((outcome) => outcome === 'accepted')).toHaveLength(1);
    await client.workflow.getHandle(submission.runId).terminate();
  });

  it('tells how a workflow ended, and that a terminated one was', async () => {
    const gateway = createGateway();
    const submission = createSubmission('x');
    expect(await gateway.describe(submission.runId)).toBeUndefined();
    await gateway.submit(submission);
    expect(await gateway.describe(submission.runId)).toMatchObject({
      run: { runId: submission.runId, bodyHash: 'hash-a', requestHash: 'request-hash' },
      outcome: null,
    });
    await client.workflow.getHandle(submission.runId).terminate('the power was needed');
    expect((await gateway.describe(submission.runId))?.outcome).toMatchObject({
      status: 'cancelled',
      error: { type: 'Cancelled', message: expect.stringContaining('terminated') as string },
    });
  });

  it('cancels a run, and says when there is none', async () => {
    const gateway = createGateway();
    const submission = createSubmission('x');
    expect(await gateway.cancel(submission.runId)).toBe(false);
    await gateway.submit(submission);
    expect(await gateway.cancel(submission.runId)).toBe(true);
    await client.workflow.getHandle(submission.runId).terminate();
  });

  it('lists what was started and what is open', async () => {
    const gateway = createGateway();
    const since = new Date(Date.now() - 1_000);
    const [ended, open] = [createSubmission('ended'), createSubmission('open')];
    await gateway.submit(ended);
    await gateway.submit(open);
    await client.workflow.getHandle(ended.runId).terminate();
    const ids = async (list: Promise<readonly { runId: RunId }[]>) => (await list).map((run) => run.runId);
    await expect.poll(() => ids(gateway.listOpen())).not.toContain(ended.runId);
    expect(await ids(gateway.listOpen())).toContain(open.runId);
    expect(await ids(gateway.listStartedSince(since))).toEqual(expect.arrayContaining([ended.runId, open.runId]));
    expect(await ids(gateway.listStartedSince(new Date(Date.now() + 60_000)))).not.toContain(open.runId);
    await client.workflow.getHandle(open.runId).terminate();
  });

  it('says within seconds that Temporal cannot be reached', async () => {
    const away = Connection.lazy({ address: `127.0.0.1:${await findFreePort()}` });
    const gateway = createTemporalRunGateway({ client: new Client({ connection: away }), timeouts, deadlineMs: 1_000 });
    const before = performance.now();
    const calls = [gateway.submit(createSubmission('x')), gateway.cancel('x' as RunId), gateway.listOpen()];
    for (const outcome of await Promise.allSettled(calls)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { type: 'TemporalUnavailable' } });
    }
    // For a machine that does other things: without a deadline it would be minutes.
    expect(performance.now() - before).toBeLessThan(20_000);
    await away.close();
  });
});

describe('why a workflow failed', () => {
  it.each([
    [
      ApplicationFailure.create({ type: 'NoCapableNode', message: 'None.', details: [{ model: 'm' }] }),
      'NoCapableNode',
    ],
    [
      new Error('outer', { cause: ApplicationFailure.create({ type: 'PromptTooLong', message: 'x' }) }),
      'PromptTooLong',
    ],
    [ApplicationFailure.create({ type: 'TypeError', message: 'x is undefined' }), 'InvariantBroken'],
    [new Error('no idea'), 'InvariantBroken'],
  ])('%s is %s', (error, type) => {
    expect(toFailureReport(error).type).toBe(type);
  });
});
