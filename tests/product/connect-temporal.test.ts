import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineSearchAttributeKey, TypedSearchAttributes } from '@temporalio/common';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadTemporalDev } from '../../config/load-temporal-dev.ts';
import { connectTemporal, type TemporalConnections } from '../../workers/connect-temporal.ts';
import { endRecordedProcess } from '../../workers/end-process.ts';
import { recordFileOf } from '../../workers/managed-process.ts';
import { findFreePort } from '../support/free-port.ts';
import { startOwnTemporal } from '../support/own-temporal.ts';
import { loadGood } from '../support/settings-folder.ts';

async function makePlace() {
  const folder = mkdtempSync(join(tmpdir(), 'hydra-connect-'));
  onTestFinished(async () => {
    await endRecordedProcess(recordFileOf(folder, 'temporal'));
    rmSync(folder, { recursive: true, force: true });
  });
  return { folder, port: await findFreePort(), uiPort: await findFreePort() };
}

/** Settings that name a server as one of the user's. */
function settingsFor(port: number, environment: Readonly<Record<string, string>> = {}) {
  return loadGood({ environment: { TEMPORAL_ADDRESS: `127.0.0.1:${port}`, ...environment } });
}

function closeAfterTest(connections: TemporalConnections): TemporalConnections {
  onTestFinished(() => connections.close());
  return connections;
}

describe('connecting to Temporal', () => {
  it('waits for a server that is still starting', async () => {
    const place = await makePlace();
    const connecting = connectTemporal(settingsFor(place.port), { limitMs: 60_000 });
    const server = await startOwnTemporal(place);
    const { client, nativeConnection } = closeAfterTest(await connecting);
    await client.workflow.start('anything', { workflowId: 'one', taskQueue: 'nobody' });
    const answer = await nativeConnection.workflowService.describeNamespace({ namespace: 'default' });
    expect(answer.namespaceInfo?.name).toBe('default');
    onTestFinished(() => server.stop());
  });

  it('registers the search attributes that a server lacks, ready for use', async () => {
    const place = await makePlace();
    const { config } = loadTemporalDev('.');
    if (config === null) throw new Error('temporal-dev.yaml is missing or wrong.');
    const server = await startOwnTemporal({ ...place, devConfig: { ...config, search_attributes: {} } });
    onTestFinished(() => server.stop());
    const { client } = closeAfterTest(await connectTemporal(settingsFor(place.port)));
    const typedSearchAttributes = new TypedSearchAttributes([
      { key: defineSearchAttributeKey('HydraState', 'KEYWORD'), value: 'queued' },
      { key: defineSearchAttributeKey('HydraNodes', 'KEYWORD_LIST'), value: ['gpu-1'] },
      { key: defineSearchAttributeKey('HydraVerified', 'BOOL'), value: true },
    ]);
    const handle = await client.workflow.start('x', { workflowId: 'x', taskQueue: 'nobody', typedSearchAttributes });
    const { typedSearchAttributes: read } = await handle.describe();
    expect(read.get(defineSearchAttributeKey('HydraState', 'KEYWORD'))).toBe('queued');
  });

  it('says at once that a namespace is not there, and how to make it', async () => {
    const place = await makePlace();
    const server = await startOwnTemporal(place);
    onTestFinished(() => server.stop());
    const settings = settingsFor(place.port, { TEMPORAL_NAMESPACE: 'team' });
    await expect(connectTemporal(settings)).rejects.toMatchObject({
      type: 'TemporalUnavailable',
      message: expect.stringContaining('temporal operator namespace create team') as string,
    });
  });

  it('gives up at its limit with address and namespace', async () => {
    const port = await findFreePort();
    await expect(connectTemporal(settingsFor(port), { limitMs: 500 })).rejects.toMatchObject({
      type: 'TemporalUnavailable',
      details: { address: `127.0.0.1:${port}`, namespace: 'default' },
      message: expect.stringContaining('Connection refused') as string,
    });
  });
});
