import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startServer } from '../../api/server.ts';
import type { RunningServer } from '../../api/server.ts';
import type { WireHealth } from '../../api/wire-fleet.ts';
import type { WireMemoryAnswer, WireMemoryStatus, WireTier } from '../../api/wire-memory.ts';
import { runCommandLine } from '../../cli/command-line.ts';
import { listServiceTiers } from '../../cli/doctor-tier-parts.ts';
import { checkTiers } from '../../workers/tier-health.ts';
import { openApi } from '../support/api-harness.ts';
import type { OpenedApi } from '../support/api-harness.ts';
import { aWork } from '../support/entry-memory.ts';
import { createQuietTerminal } from '../support/quiet-terminal.ts';
import { hasRealChroma } from '../support/real-chroma.ts';
import { HELPERS, setTruthStage, type Helper, type TruthStage } from './memory-truth-stage.ts';

/** All sixteen combinations, each differing from the one before by one helper. */
const COMBINATIONS = Array.from({ length: 2 ** HELPERS.length }, (_, index) => index ^ (index >> 1)).map((bits) =>
  HELPERS.filter((_, position) => (bits >> position) % 2 === 1),
);

/** A server that was away for a while is connected to again after seconds, and a busy machine takes a living one for silent now and then. */
const PATIENCE = { timeout: 240_000, interval: 250 };

describe.skipIf(!hasRealChroma())('what is said of the tiers, on real servers and with made vectors', () => {
  let stage: TruthStage;
  let opened: OpenedApi;
  let server: RunningServer;

  beforeAll(async () => {
    stage = await setTruthStage();
    const { entries } = stage;
    opened = await openApi({ entries, health: async () => ({ parts: await checkTiers(entries) }) });
    server = await startServer({ ...opened.deps, port: 0, shutdownGraceMs: 100 });
    await entries.put(aWork('sort a list of numbers'));
  });
  afterAll(async () => {
    await server.stop();
    await opened.close();
    await stage.dispose();
  });

  async function get<Body>(path: string): Promise<Body> {
    const response = await fetch(server.url + path);
    expect(response.status).toBe(200);
    return (await response.json()) as Body;
  }

  it.each(COMBINATIONS.map((up) => [up.join(', ') || 'nothing', up] as const))(
    'is true in every place with %s beside SQLite',
    async (_name, up) => {
      stage.allow(up);
      await vi.waitFor(async () => {
        const { tiers } = await get<WireMemoryStatus>('/memory/status');
        expectStates(tiers, up);
        expectHealth(await get<WireHealth>('/health'), tiers, up);
        const findings = await Promise.all(listServiceTiers(tiers).map(({ check }) => check()));
        expect(findings.map(({ state, advice }) => [state, advice !== ''])).toEqual(
          tiers.map(({ state }) => (state === 'up' ? ['ok', false] : ['down', true])),
        );
        expect(await printStatus()).toEqual(
          tiers.map(({ name, state }) => [name === 'sqlite' ? 'sqlite (record)' : name, state]),
        );
      }, PATIENCE);
    },
  );

  function expectStates(tiers: readonly WireTier[], up: readonly Helper[]): void {
    const stateOf = (helper: Helper) => (up.includes(helper) ? 'up' : 'down');
    const copies = ['redis', 'postgres', 'chroma'] as const;
    expect(Object.fromEntries(tiers.map(({ name, state }) => [name, state]))).toEqual({
      sqlite: 'up',
      ...Object.fromEntries(copies.map((name) => [name, stateOf(name)])),
    });
    const details = Object.fromEntries(tiers.map(({ name, detail }) => [name, detail]));
    for (const name of copies) if (stateOf(name) === 'down') expect(details[name]).not.toBe('');
    expect(details['chroma']?.includes('embedding model')).toBe(!up.includes('model'));
  }

  function expectHealth(health: WireHealth, tiers: readonly WireTier[], up: readonly Helper[]): void {
    const parts = Object.fromEntries(health.parts.map((part) => [part.name.split(' ')[2], part]));
    expect(health.status).toBe('healthy');
    expect(health.parts.map(({ name, healthy, required }) => [name, healthy, required])).toEqual(
      tiers.map(({ tier, name, state }) => [`memory ${tier} ${name}`, state === 'up', name === 'sqlite']),
    );
    for (const { name, state } of tiers) {
      const remedy = /\S\. Start it, or correct \w+_URL/;
      expect(parts[name]?.detail).toMatch(state === 'down' ? remedy : /^Up\./);
    }
    if (up.includes('chroma')) expect(parts['chroma']?.detail.includes('embedding model')).toBe(!up.includes('model'));
  }

  /** Name and state of each tier, as people see them. */
  async function printStatus(): Promise<readonly (readonly string[])[]> {
    const terminal = createQuietTerminal();
    const surroundings = { environment: {}, folder: '.', version: '0', terminal };
    expect(await runCommandLine(['memory', 'status', '--api', server.url], surroundings)).toBe(0);
    return terminal.printed.slice(1).map((line) => line.split(/ {2,}/).slice(1, 3));
  }

  it.each([
    [['model'] as const, ['vectors-in-sqlite']],
    [['chroma', 'redis'] as const, ['no-embedding-model']],
    [HELPERS, []],
  ])('what is searched with %j is what the status says', async (up, degraded) => {
    stage.allow(up);
    await vi.waitFor(async () => {
      const answer = await get<WireMemoryAnswer>('/memory/search?q=sort+numbers');
      expect(answer.degraded).toEqual(degraded);
      expect(answer.found.map(({ entry }) => entry.title)).toEqual(['sort a list of numbers']);
    }, PATIENCE);
  });

  it('writing and reading go on without any of them', async () => {
    stage.allow([]);
    const { id } = await stage.entries.put(aWork('count words'));
    expect(await get(`/memory/entries/${id}`)).toMatchObject({ title: 'count words' });
    expect((await fetch(`${server.url}/memory/entries/${id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await fetch(`${server.url}/memory/entries/${id}`)).status).toBe(404);
  });
});
