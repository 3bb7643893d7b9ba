import { describe, expect, test } from 'vitest';

import type { ModelRoles } from '../../config/settings.ts';
import type { NodeModel, NodeSnapshot } from '../../domain/node.ts';
import { chooseModelsPresent } from '../../fleet/roles/models-present.ts';
import { modelSizeB } from '../../fleet/roles/model-traits.ts';
import { nameMissingModels } from '../../fleet/roles/name-missing-models.ts';
import { model } from './fleet-scripted-hosts.ts';
import { aNodeSnapshot } from '../support/node-snapshots.ts';

const SEED: ModelRoles = {
  light: 'qwen3:1.7b',
  heavy: 'qwen3:14b',
  workers: [],
  default: 'llama3.2:latest',
  tasks: {},
};

function sized(name: string, parameterSize: string): NodeModel {
  return model(name, { parameterSize });
}

function host(models: readonly NodeModel[], state: NodeSnapshot['state'] = 'up'): NodeSnapshot {
  return aNodeSnapshot({ state, models });
}

const MIXED = [
  sized('llama3.1:8b', '8.0B'),
  sized('llama3.2:1b', '1.2B'),
  sized('smollm2:360m', '361.82M'),
  sized('qwen2.5-coder:1.5b', '1.5B'),
  sized('qwen2.5-coder:7b', '7.6B'),
  sized('qwen3-coder:30b', '30.5B'),
  model('nomic-embed-text:latest', { family: 'nomic-bert', parameterSize: '137M' }),
];

describe('models present', () => {
  test('configured models that are present play their roles, spread over hosts and under either spelling', () => {
    const first = host([sized('qwen3:1.7b', '1.7B'), sized('llama3.2', '3B')]);
    const second = host([sized('qwen3:14b', '14B'), sized('mxbai-embed-large:latest', '334M')]);
    const { roles, missing } = chooseModelsPresent([first, second], SEED);
    expect(missing).toEqual([]);
    expect(roles).toEqual({ ...SEED, default: 'llama3.2' });
  });

  test('missing roles go to the best model present, and are named', () => {
    const { roles, missing } = chooseModelsPresent([host(MIXED)], { ...SEED, workers: ['codestral:22b'] });
    expect(roles).toEqual({
      light: 'llama3.2:1b',
      heavy: 'qwen3-coder:30b',
      workers: ['qwen2.5-coder:7b'],
      default: 'qwen2.5-coder:7b',
      tasks: {},
    });
    expect(missing).toEqual([
      { role: 'light', model: 'qwen3:1.7b', isReplaced: true },
      { role: 'heavy', model: 'qwen3:14b', isReplaced: true },
      { role: 'default', model: 'llama3.2:latest', isReplaced: true },
      { role: 'workers', model: 'codestral:22b', isReplaced: true },
    ]);
    expect(nameMissingModels(missing.slice(0, 3))).toBe(
      'the light model qwen3:1.7b, the heavy model qwen3:14b or the worker model llama3.2:latest',
    );
  });

  test('of several workers those present write the code; the others are named as missing', () => {
    const workers = ['codestral:22b', 'qwen2.5-coder:1.5b', 'llama3.1:8b'];
    const { roles, missing } = chooseModelsPresent([host(MIXED)], { ...SEED, workers });
    expect(roles.workers).toEqual(['qwen2.5-coder:1.5b', 'llama3.1:8b']);
    expect(missing.filter((entry) => entry.role === 'workers')).toEqual([
      { role: 'workers', model: 'codestral:22b', isReplaced: false },
    ]);
  });

  test('of the models of a task those present do it; with none of them the task goes to the others', () => {
    const tasks = { python: ['codestral:22b', 'qwen2.5-coder:7b'], repair: ['gpt-oss:20b'] };
    const { roles, missing } = chooseModelsPresent([host(MIXED)], { ...SEED, tasks });
    expect(roles.tasks).toEqual({ python: ['qwen2.5-coder:7b'] });
    expect(missing).toEqual(
      expect.arrayContaining([
        { role: 'python', model: 'codestral:22b', isReplaced: false },
        { role: 'repair', model: 'gpt-oss:20b', isReplaced: true },
      ]),
    );
  });

  test('a single small model plays every role', () => {
    const { roles } = chooseModelsPresent([host([sized('smollm2:360m', '361.82M')])], SEED);
    expect(roles).toEqual({
      light: 'smollm2:360m',
      heavy: 'smollm2:360m',
      workers: [],
      default: 'smollm2:360m',
      tasks: {},
    });
  });

  test('an embedding model never generates', () => {
    const embedders = ['all-minilm:33m', 'bge-m3:latest', 'snowflake-arctic-embed:latest', 'user/e5-large'];
    const { roles, missing } = chooseModelsPresent([host(embedders.map((name) => model(name)))], SEED);
    expect(roles).toEqual(SEED);
    expect(missing).toHaveLength(3);
  });

  test('a host that is down does not count, unless none is up', () => {
    const down = host(MIXED, 'down');
    const up = host([sized('llama3.2:latest', '3B')]);
    expect(chooseModelsPresent([down, up], SEED).roles.heavy).toBe('llama3.2:latest');
    expect(chooseModelsPresent([down, host([])], SEED).roles.heavy).toBe('qwen3-coder:30b');
  });

  test.each([
    ['qwen2.5-coder:3b'],
    ['deepseek-coder:6.7b'],
    ['codellama:7b'],
    ['starcoder2:3b'],
    ['codegemma:2b'],
    ['granite-code:3b'],
    ['devstral:24b'],
  ])('%s writes code rather than a general model', (name) => {
    const { roles } = chooseModelsPresent([host([sized('llama3.1:8b', '8B'), sized(name, '3B')])], SEED);
    expect(roles.default).toBe(name);
  });

  test.each([
    ['1.5B', 1.5],
    ['494.03M', 0.49403],
    ['8x7B', 56],
  ])('a size of %s is %d billion parameters', (said, billions) => {
    expect(modelSizeB(sized('any', said))).toBeCloseTo(billions);
  });

  test('a size that is not said is judged by the file', () => {
    expect(modelSizeB(model('any', { sizeBytes: 4.2e9 }))).toBeCloseTo(7);
  });
});
