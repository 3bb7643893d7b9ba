import { expect, test } from 'vitest';
import { SynthesisFailure } from '../../domain/failure.ts';
import type { NodeId } from '../../domain/ids.ts';
import type { NodeSnapshot } from '../../domain/node.ts';
import { createFleetEmbedder } from '../../workers/fleet-embedder.ts';
import { aNodeSnapshot, aResidentModel } from '../support/node-snapshots.ts';

const NO_END = new AbortController().signal;
const EMBED = { name: 'embed:latest', sizeBytes: 1, family: 'bert', parameterSize: '' };

function aHost(name: string, change: Partial<NodeSnapshot> = {}): NodeSnapshot {
  return aNodeSnapshot({ id: name as NodeId, models: [EMBED], ...change });
}

/** The hosts that were asked, in order; those named as broken fail. */
function createFleet(hosts: readonly NodeSnapshot[], broken: readonly string[] = [], model = 'embed') {
  const asked: string[] = [];
  const embedder = createFleetEmbedder({
    model,
    snapshots: async () => hosts,
    addresses: async () =>
      hosts.filter(({ id }) => String(id) !== 'gone').map(({ id }) => ({ id, url: `http://${id}`, slots: 1 })),
    async embedTexts({ id }, _model, texts) {
      asked.push(id);
      if (broken.includes(id)) throw new SynthesisFailure('NodeUnavailable', `${id} is off`);
      return texts.map(() => new Float32Array([1]));
    },
  });
  return { embedder, asked };
}

test('asks the host that has the model in memory, then the idlest', async () => {
  const busy = aHost('busy', { slots: 2, busySlots: 2 });
  const loaded = aHost('loaded', { busySlots: 1, residentModels: [aResidentModel('Embed')] });
  const hosts = [busy, aHost('idle'), loaded];
  expect(await createFleet(hosts).embedder.embed(['a', 'b'], NO_END)).toHaveLength(2);
  const { embedder, asked } = createFleet(hosts, ['loaded', 'idle']);
  await embedder.embed(['a'], NO_END);
  expect(asked).toEqual(['loaded', 'idle', 'busy']);
});

test('leaves out hosts that are down, draining, unreachable or without the model', async () => {
  const { embedder, asked } = createFleet([
    aHost('down', { state: 'down' }),
    aHost('draining', { wanted: 'draining' }),
    aHost('without', { models: [] }),
    aHost('gone'),
    aHost('good'),
  ]);
  await embedder.embed(['a'], NO_END);
  expect(asked).toEqual(['good']);
});

test('names its model in full, and null while no host has it', async () => {
  expect(await createFleet([aHost('a')], [], 'EMBED').embedder.model()).toBe('embed:latest');
  expect(await createFleet([aHost('a', { state: 'down' })]).embedder.model()).toBeNull();
  const none = createFleet([]).embedder.embed(['a'], NO_END);
  await expect(none).rejects.toMatchObject({ type: 'ModelMissing' });
});

test('fails with what the last host said', async () => {
  const { embedder } = createFleet([aHost('a'), aHost('b')], ['a', 'b']);
  await expect(embedder.embed(['x'], NO_END)).rejects.toThrow('b is off');
});

test('asks nobody for nothing, and no further host when the caller has gone', async () => {
  const { embedder, asked } = createFleet([aHost('a')]);
  expect(await embedder.embed([], NO_END)).toEqual([]);
  await expect(embedder.embed(['x'], AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
  expect(asked).toEqual([]);
});
