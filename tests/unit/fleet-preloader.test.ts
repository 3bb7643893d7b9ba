import { describe, expect, test } from 'vitest';
import type { NodeId } from '../../domain/ids.ts';
import { createPreloader, type PreloaderOptions } from '../../fleet/scheduling/preloader.ts';
import { aResidentModel } from '../support/node-snapshots.ts';
import { addUpNode, createTestScheduler, nodeId, request } from './fleet-scheduler-fixture.ts';

const CONTEXT = 8192;
const BOTH = { models: ['coder', 'planner'] };

describe('the host that may load a model ahead is', () => {
  test('an idle one that has it on disk and nothing in memory, the fastest of these', async () => {
    const { scheduler } = createTestScheduler();
    await addUpNode(scheduler, 'slow', { ...BOTH, resident: [], tokensPerSecond: 10 });
    const busy = scheduler.acquireNow(request({ model: 'planner' }));
    await addUpNode(scheduler, 'fast', { ...BOTH, resident: [], tokensPerSecond: 50 });
    await addUpNode(scheduler, 'without', { models: ['other'], resident: [], tokensPerSecond: 99 });
    scheduler.release(busy?.leaseId ?? '', { ended: 'neutral' });
    expect(scheduler.hostToPreload('coder', CONTEXT)).toBe('fast');
  });

  test('none that works on a call', async () => {
    const { scheduler } = createTestScheduler();
    await addUpNode(scheduler, 'one', { ...BOTH, slots: 2, resident: [] });
    expect(scheduler.acquireNow(request({ model: 'planner' }))).not.toBeNull();
    expect(scheduler.hostToPreload('coder', CONTEXT)).toBeNull();
  });

  test('none while calls wait, which decide what is loaded', async () => {
    const { scheduler } = createTestScheduler();
    await addUpNode(scheduler, 'one', { ...BOTH, resident: [] });
    const leaving = new AbortController();
    const waiting = scheduler.acquire(request({ model: 'absent' }), leaving.signal);
    expect(scheduler.hostToPreload('coder', CONTEXT)).toBeNull();
    leaving.abort(new Error('left'));
    await expect(waiting).rejects.toThrow('left');
    expect(scheduler.hostToPreload('coder', CONTEXT)).toBe('one');
  });

  test('none when an idle host has it in memory', async () => {
    const { scheduler } = createTestScheduler();
    await addUpNode(scheduler, 'one', { ...BOTH, resident: [] });
    await addUpNode(scheduler, 'two', { ...BOTH, resident: ['coder'] });
    expect(scheduler.hostToPreload('coder', CONTEXT)).toBeNull();
  });

  test.each([
    ['free memory is not known', null, null],
    ['both do not fit', 15e9, null],
    ['both fit', 20e9, 'one'],
  ])('with another model in memory, when %s: %s', async (_case, capacityBytes, expected) => {
    const { scheduler } = createTestScheduler();
    const id = await addUpNode(scheduler, 'one', BOTH);
    scheduler.observe(id, {
      alive: true,
      problem: null,
      models: BOTH.models,
      residentModels: [aResidentModel('planner', { vramBytes: 10e9, sizeBytes: 10e9 })],
      memory: { freeBytes: capacityBytes === null ? null : capacityBytes - 10e9, needBytes: () => 10e9 },
    });
    expect(scheduler.hostToPreload('coder', CONTEXT)).toBe(expected);
  });
});

/** A preloader whose loads last until they are ended, or aborted. */
function start(host: string | null = 'one') {
  const loads: { node: string; model: string; contextTokens: number; signal: AbortSignal; end: () => void }[] = [];
  const refreshed: string[] = [];
  let chosen = host;
  const options: PreloaderOptions = {
    scheduler: { hostToPreload: () => chosen as NodeId | null },
    nodeAddress: (id) => ({ id, url: 'http://host', slots: 1 }),
    loadModel: (node, model, contextTokens, signal) =>
      new Promise((resolve, reject) => {
        loads.push({ node: node.id, model, contextTokens, signal, end: resolve });
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      }),
    refresh: async (id) => void refreshed.push(id),
  };
  const choose = (other: string | null): void => void (chosen = other);
  return { preloader: createPreloader(options), loads, refreshed, choose };
}

const never = (): AbortSignal => new AbortController().signal;

describe('a model that is loaded ahead', () => {
  test('is loaded with the context of the calls to come, and the host is looked at then', async () => {
    const { preloader, loads, refreshed } = start();
    const loaded = preloader.preload('coder', CONTEXT, never());
    expect(loads).toMatchObject([{ node: 'one', model: 'coder', contextTokens: CONTEXT }]);
    loads[0]?.end();
    await loaded;
    expect(refreshed).toEqual(['one']);
  });

  test('is not loaded where no host may', async () => {
    const { preloader, loads } = start(null);
    await preloader.preload('coder', CONTEXT, never());
    expect(loads).toEqual([]);
  });

  test('is loaded on one host at a time, and a host loads one at a time', async () => {
    const { preloader, loads, choose } = start();
    void preloader.preload('coder', CONTEXT, never());
    await preloader.preload('planner', CONTEXT, never());
    choose('two');
    await preloader.preload('coder:latest', CONTEXT, never());
    expect(loads).toHaveLength(1);
    void preloader.preload('planner', CONTEXT, never());
    expect(loads).toHaveLength(2);
  });

  test('gives way to a call of another model, not to one of its own, and a failure is nobody’s', async () => {
    const { preloader, loads, refreshed } = start();
    const loaded = preloader.preload('coder', CONTEXT, never());
    preloader.noteGrant(nodeId('one'), 'coder:latest');
    preloader.noteGrant(nodeId('two'), 'planner');
    expect(loads[0]?.signal.aborted).toBe(false);
    preloader.noteGrant(nodeId('one'), 'planner');
    expect(loads[0]?.signal.aborted).toBe(true);
    await loaded;
    expect(refreshed).toEqual([]);
  });

  test('ends with the signal, and with the preloader', async () => {
    const { preloader, loads, choose } = start();
    const leaving = new AbortController();
    const first = preloader.preload('coder', CONTEXT, leaving.signal);
    leaving.abort();
    await first;
    choose('two');
    const second = preloader.preload('coder', CONTEXT, never());
    await preloader.stop();
    await second;
    expect(loads.map(({ signal }) => signal.aborted)).toEqual([true, true]);
  });
});
