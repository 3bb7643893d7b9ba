import { describe, expect, test } from 'vitest';
import type { NodeId } from '../../domain/ids.ts';
import type { NodeAddress } from '../../domain/node.ts';
import type { NodeRecord } from '../../domain/node-record.ts';
import { combineNodes, type NodeSources } from '../../fleet/hosts/combine-nodes.ts';

const DESCRIPTION = { slots: null, vramBytes: null, tokenVariable: null };

function address(name: string, url = `http://${name}:11434`): NodeAddress {
  return { id: name as NodeId, url, slots: 1 };
}

function record(name: string, values: Partial<NodeRecord> = {}): NodeRecord {
  const url = `http://${name}:11434`;
  return { id: name as NodeId, url, wanted: 'active', added: null, probesAsked: 0, probesAnswered: 0, ...values };
}

function combine(sources: Partial<NodeSources>) {
  const none = { settings: [], records: [], discovered: [], defaultSlots: 1, readVariable: () => undefined };
  return combineNodes({ ...none, ...sources });
}

describe('the nodes of a fleet', () => {
  test('are those of the settings, the added and the found ones, in this order', () => {
    const { usable } = combine({
      settings: [address('listed')],
      records: [record('added', { added: DESCRIPTION })],
      discovered: [address('found')],
    });
    expect(usable.map(({ id, origin, wanted }) => [id, origin, wanted])).toEqual([
      ['listed', 'settings', 'active'],
      ['added', 'added', 'active'],
      ['found', 'discovered', 'active'],
    ]);
  });

  test('drain where people want it, whoever named them', () => {
    const records = ['listed', 'found', 'added'].map((name) =>
      record(name, { wanted: 'draining', added: name === 'added' ? DESCRIPTION : null }),
    );
    const { usable } = combine({ settings: [address('listed')], discovered: [address('found')], records });
    expect(usable.map(({ wanted }) => wanted)).toEqual(['draining', 'draining', 'draining']);
  });

  test('are without what people removed, and a removed host is not found again under another name', () => {
    const { usable } = combine({
      settings: [address('listed'), address('kept')],
      discovered: [address('found'), address('other-name', 'http://LISTED:11434/')],
      records: [record('listed', { wanted: 'removed' }), record('found', { wanted: 'removed' })],
    });
    expect(usable.map(({ id }) => id)).toEqual(['kept']);
  });

  test('are what was last added under a name of the settings', () => {
    const moved = record('gpu', { url: 'http://elsewhere:11434', added: { ...DESCRIPTION, slots: 4 } });
    const { usable } = combine({ settings: [address('gpu')], records: [moved] });
    expect(usable).toEqual([{ id: 'gpu', url: 'http://elsewhere:11434', slots: 4, origin: 'added', wanted: 'active' }]);
  });

  test('have the token that their variable holds, and the slots of the settings where nothing is said', () => {
    const added = { slots: null, vramBytes: 8, tokenVariable: 'HYDRA_TOKEN_GPU' };
    const readVariable = (name: string) => (name === 'HYDRA_TOKEN_GPU' ? 'secret' : undefined);
    const { usable } = combine({ records: [record('gpu', { added })], defaultSlots: 3, readVariable });
    expect(usable).toMatchObject([{ id: 'gpu', slots: 3, vramBytes: 8, bearerToken: 'secret' }]);
  });

  test('are not those whose token is missing, and the variable is named', () => {
    const { usable, unusable } = combine({
      records: [record('gpu', { added: { ...DESCRIPTION, tokenVariable: 'HYDRA_TOKEN_GPU' } })],
    });
    expect(usable).toEqual([]);
    expect(unusable).toMatchObject([
      { node: { id: 'gpu' }, problem: expect.stringContaining('HYDRA_TOKEN_GPU') as string },
    ]);
  });

  test('have each host once, under its first name, which the other one shows', () => {
    const { usable, unusable } = combine({
      settings: [address('first', 'http://localhost:11434')],
      records: [record('second', { url: 'http://127.0.0.1:11434', added: DESCRIPTION })],
    });
    expect(usable.map(({ id }) => id)).toEqual(['first']);
    expect(unusable).toMatchObject([
      { node: { id: 'second' }, problem: 'it is the same host as first, which is used' },
    ]);
  });
});
