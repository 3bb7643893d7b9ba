import { describe, expect, test } from 'vitest';
import type { Settings } from '../../config/settings.ts';
import type { NodeId } from '../../domain/ids.ts';
import type { NodeSnapshot } from '../../domain/node.ts';
import type { Programs } from '../../workers/programs.ts';
import { describeFleet } from '../../workers/report-fleet.ts';
import { loadGood } from '../support/settings-folder.ts';
import { aNodeSnapshot } from '../support/node-snapshots.ts';

const NO_PROGRAMS: Programs = { temporal: null, ollama: null, managedOllama: null };
const CACHED: Programs = { ...NO_PROGRAMS, ollama: { path: '/cache/ollama', version: '0.6.5', source: 'cache' } };

function host(names: readonly string[], change: Partial<NodeSnapshot> = {}): NodeSnapshot {
  const models = names.map((name) => ({ name, sizeBytes: 1e9, family: 'qwen2', parameterSize: '1B' }));
  return aNodeSnapshot({ id: 'one' as NodeId, url: 'http://127.0.0.1:11434', models, ...change });
}

function tell(nodes: readonly NodeSnapshot[], environment: Record<string, string> = {}, programs = NO_PROGRAMS) {
  const settings: Settings = loadGood({ environment });
  return describeFleet(nodes, settings, programs);
}

describe('what the start says about models', () => {
  test('names who plays each role, by model, and nothing more when all are there', () => {
    const nodes = [host(['qwen3:1.7b', 'qwen3:14b', 'coder:7b'])];
    const environment = { HYDRA_WORKER_MODELS: 'coder:7b', HYDRA_TASK_MODELS: 'python=qwen3:14b' };
    expect(tell(nodes, environment)).toEqual([
      'Models: qwen3:1.7b (light), qwen3:14b (heavy, python), coder:7b (workers)',
    ]);
  });

  test('names missing models with the commands that bring them', () => {
    expect(tell([host(['smollm2:135m'])])).toEqual([
      'Model: smollm2:135m (light, heavy, workers)',
      [
        'No host has the light model qwen3:1.7b, the heavy model qwen3:14b or the worker model llama3.2:latest. To bring them:',
        '  ollama pull qwen3:1.7b',
        '  ollama pull qwen3:14b',
        '  ollama pull llama3.2:latest',
      ].join('\n'),
    ]);
  });

  test('gives one command for a model that is missing in two roles', () => {
    const environment = { HYDRA_LIGHT_MODEL: 'a', HYDRA_HEAVY_MODEL: 'b', HYDRA_WORKER_MODELS: 'b' };
    expect(tell([host(['a'])], environment)[1]).toBe(
      'No host has the heavy model b or the worker model b. To bring it:\n  ollama pull b',
    );
  });

  test('gives our own command where the host is elsewhere', () => {
    const environment = { HYDRA_LIGHT_MODEL: 'a', HYDRA_HEAVY_MODEL: 'b', HYDRA_WORKER_MODELS: 'a' };
    const down = host([], { id: 'far' as NodeId, url: 'http://far:1', state: 'down', problem: 'refused' });
    const [problem, , missing] = tell([down, host(['a'], { url: 'http://gpu:11434' })], environment);
    expect(problem).toBe('far (http://far:1) is down: refused');
    expect(missing).toContain('  hydra models pull b');
  });

  test('gives our own command where the program is not on the path', () => {
    const [, missing] = tell([host(['a'])], { HYDRA_LIGHT_MODEL: 'b' }, CACHED);
    expect(missing).toContain('  hydra models pull b');
  });

  test('says so when no host has any model', () => {
    expect(tell([host([])])).toEqual(['No Ollama host has shown a model yet; runs wait for one. See: hydra doctor']);
  });
});
