import { describe, expect, test } from 'vitest';
import { toWireNode } from '../../api/wire-fleet.ts';
import { describeNode, describeNodes } from '../../cli/describe-nodes.ts';
import type { NodeModel, NodeSnapshot } from '../../domain/node.ts';
import { aModelSpeed, aNodeSnapshot, aResidentModel } from '../support/node-snapshots.ts';

const GIB = 1024 ** 3;
const MODELS: readonly NodeModel[] = ['whole:7b', 'spilled:14b', 'fresh:3b'].map((name) => ({
  name,
  sizeBytes: 4 * GIB,
  family: 'llama',
  parameterSize: name.slice(name.indexOf(':') + 1).toUpperCase(),
}));
const NODE: NodeSnapshot = aNodeSnapshot({
  models: MODELS,
  residentModels: [aResidentModel('whole:7b'), aResidentModel('spilled:14b', { vramBytes: 6.2e8 })],
  speeds: [
    { ...aModelSpeed('whole:7b', 41.25), parallelism: 4, failureShare: 0 },
    { ...aModelSpeed('spilled:14b', 3), failureShare: 0.125 },
  ],
});

function rowOf(lines: readonly string[], model: string): readonly string[] {
  const head = lines.find((line) => line.startsWith('MODEL')) ?? '';
  const starts = [...head.matchAll(/\S+(?: \S+)*/g)].map(({ index }) => index);
  const line = lines.find((one) => one.startsWith(model)) ?? '';
  return starts.map((start, index) => line.slice(start, starts[index + 1]).trim());
}

describe('a host that is shown', () => {
  const lines = describeNode(toWireNode(NODE));

  test('says of each model how many run at once, how often they fail, and whether it spills', () => {
    expect(rowOf(lines, 'MODEL')).toEqual(['MODEL', 'SIZE', 'PARAMETERS', 'IN MEMORY', 'SPEED', 'AT ONCE', 'FAILED']);
    expect(rowOf(lines, 'whole:7b').slice(3)).toEqual(['yes', '41.3 tokens/s', '4', '0 %']);
    expect(rowOf(lines, 'spilled:14b').slice(3)).toEqual(['62 % in VRAM', '3.0 tokens/s', '', '13 %']);
  });

  test('leaves open what was not measured', () => {
    expect(rowOf(lines, 'fresh:3b').slice(3)).toEqual(['', '', '', '']);
  });

  test.each([
    [0.001, '< 1 %'],
    [0.999, '> 99 %'],
    [1, '100 %'],
  ])('calls a share of %d failed calls %s', (failureShare, text) => {
    const speeds = [{ ...aModelSpeed('whole:7b', 1), failureShare }];
    expect(rowOf(describeNode(toWireNode({ ...NODE, speeds })), 'whole:7b').at(-1)).toBe(text);
  });
});

test('the list of hosts has none of it', () => {
  const lines = describeNodes({ nodes: [toWireNode(NODE)], removed: [] });
  expect(lines[0]).toMatch(/^ID +STATE +BUSY +VERSION +URL +FROM$/);
  expect(lines[1]).toMatch(/3 models; in memory: whole:7b, spilled:14b$/);
});
