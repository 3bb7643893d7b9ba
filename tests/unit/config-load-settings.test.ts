import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeSettings } from '../../config/describe-settings.ts';
import { loadSettings } from '../../config/load-settings.ts';
import { WORKER_TASKS } from '../../domain/worker-task.ts';
import { formatProblems } from '../../config/setting-problem.ts';
import { load, loadBad, loadGood, makeSettingsFolder } from '../support/settings-folder.ts';

describe('loading settings', () => {
  it('gives the defaults of the seed in an empty folder', () => {
    const settings = loadGood();
    expect(settings.models).toEqual({
      light: 'qwen3:1.7b',
      heavy: 'qwen3:14b',
      workers: [],
      default: 'llama3.2:latest',
      tasks: {},
    });
    expect(settings.api.port).toBe(8001);
    expect(settings.nodes).toEqual([{ id: '127.0.0.1', url: 'http://127.0.0.1:11434', slots: 1 }]);
    expect(settings.temporal).toMatchObject({ managed: true, address: '127.0.0.1:7233', uiPort: 8233 });
  });

  it('gives the same with the models.yaml that is delivered', () => {
    const files = { 'config/models.yaml': readFileSync('config/models.yaml', 'utf8') };
    expect(loadGood({ files }).models).toEqual(loadGood().models);
  });

  it('takes an option before the environment, that before .env, that before a file, that before the default', () => {
    const name = 'HYDRA_LIGHT_MODEL';
    const files = { 'config/models.yaml': 'orchestrator: {light: {model: file}}', '.env': `${name}=dotenv` };
    const environment = { [name]: 'environment' };
    expect(loadGood({ files, environment, flags: { [name]: 'option' } }).models.light).toBe('option');
    expect(loadGood({ files, environment }).models.light).toBe('environment');
    expect(loadGood({ files }).models.light).toBe('dotenv');
    expect(loadGood({ files: { ...files, '.env': '' } }).models.light).toBe('file');
  });

  it('takes each key of models.yaml that the seed documents, the workers and the tasks', () => {
    const text = `
orchestrator: {light: {model: a}, heavy: {model: b}}
embedding: {model: c}
default: {model: d}
workers: [e:1b, f]
tasks: {python: [g, h:2b], class: i, repair: [], tests: }
`;
    const { models, memory } = loadGood({ files: { 'config/models.yaml': text } });
    expect(memory.embeddingModel).toBe('c');
    expect(models).toEqual({
      light: 'a',
      heavy: 'b',
      default: 'd',
      workers: ['e:1b', 'f'],
      tasks: { python: ['g', 'h:2b'], class: ['i'] },
    });
  });

  it.each(WORKER_TASKS)('takes models for the task %s', (task) => {
    const files = { 'config/models.yaml': `tasks: {${task}: [a]}` };
    expect(loadGood({ files }).models.tasks).toEqual({ [task]: ['a'] });
  });

  it('takes an empty value as not set', () => {
    const { api } = loadGood({ environment: { HYDRA_API_PORT: ' ' }, files: { '.env': 'HYDRA_API_PORT=9001' } });
    expect(api.port).toBe(9001);
  });

  it('starts relative paths at the project folder', () => {
    const folder = makeSettingsFolder();
    const loaded = loadSettings({ folder, environment: { HYDRA_HOME: 'state' } });
    expect(loaded.ok && loaded.settings.home).toBe(join(folder, 'state'));
  });

  it('finds the cache where this system keeps such things', () => {
    const { cache } = loadGood({ environment: { XDG_CACHE_HOME: '/caches', LOCALAPPDATA: '/caches' } });
    expect(cache).toMatch(process.platform === 'darwin' ? /Library.Caches.hydra$/ : /caches.hydra/);
  });

  it('changes no environment', () => {
    loadGood({ files: { '.env': 'HYDRA_API_PORT=9001' } });
    expect(process.env.HYDRA_API_PORT).toBeUndefined();
  });

  it.each(['REDIS_SERVICE_HOST', 'POSTGRES_PORT_5432_TCP_ADDR', 'POSTGRES_INITDB_ARGS', 'REDIS_DB', 'CHROMA_HOST'])(
    'does not mind %s, which containers and other programs set',
    (name) => {
      expect(load({ environment: { [name]: 'x' } }).ok).toBe(true);
    },
  );

  it.each(['SOLLOL_DASHBOARD_ENABLED', 'SOLLOL_DASHBOARD_PORT', 'SOLLOL_AUTH_ENABLED'])(
    'does not mind %s, which is another program’s',
    (name) => {
      expect(load({ environment: { [name]: 'true' } }).ok).toBe(true);
    },
  );

  it('does not mind what a test run hands to its parts', () => {
    expect(load({ environment: { HYDRA_TEST_OLLAMA_URL: 'http://x' } }).ok).toBe(true);
  });
});

describe('wrong settings', () => {
  it('are all in one report', () => {
    const problems = loadBad({
      environment: { HYDRA_API_PORT: 'eighty', HYDRA_NODES: 'ftp://x', TEMPORAL_CONFIG_FILE: '/absent.toml' },
      files: {
        '.env': 'HYDRA_LIGHT_MODLE=x',
        'config/models.yaml': 'orchestrators: {light: {model: x}}',
        'config/nodes.yaml': 'nodes: [{url: "http://a", slots: 0}]',
        'temporal-dev.yaml': 'port: 0',
      },
    });
    expect(new Set(problems.map((problem) => problem.origin))).toEqual(
      new Set(['environment', '.env', 'config/models.yaml', 'config/nodes.yaml', 'temporal-dev.yaml']),
    );
  });

  it('that are models of an unknown task are told with name, rule and value', () => {
    const [problem, ...others] = loadBad({ files: { 'config/models.yaml': 'tasks: {pyhton: [a:1b, b]}' } });
    expect(others).toEqual([]);
    expect(problem).toMatchObject({
      name: 'HYDRA_TASK_MODELS',
      rule: 'no task "pyhton"; did you mean python?',
      value: 'pyhton=a:1b, b',
      origin: 'config/models.yaml',
      fix: 'set HYDRA_TASK_MODELS= in the environment or .env, or tasks in config/models.yaml',
    });
  });

  it.each(['python', 'python=', '=a', 'python=a=b', 'python=a; python=b'])('refuse %s as models by task', (text) => {
    expect(loadBad({ environment: { HYDRA_TASK_MODELS: text } })).toHaveLength(1);
  });

  it('are told with name, place, rule, value and remedy', () => {
    expect(formatProblems(loadBad({ environment: { HYDRA_API_PORT: 'eighty' } }))).toBe(
      [
        'One setting is wrong:',
        '  HYDRA_API_PORT (environment): a whole number from 1 to 65535; seen: "eighty"',
        '      set HYDRA_API_PORT=8001 in the environment or .env',
      ].join('\n'),
    );
  });

  it.each([
    ['HYDRA_LIGHT_MODLE', 'HYDRA_LIGHT_MODEL'],
    ['HYDRA_API_PROT', 'HYDRA_API_PORT'],
    ['SOLLOL_DISCOVERY_ENABLE', 'SOLLOL_DISCOVERY_ENABLED'],
    ['SOLLOL_VRAM_MONITOR', 'SOLLOL_VRAM_MONITORING'],
    ['REDIS_PASSWD', 'REDIS_PASSWORD'],
    ['POSTGRES_PASWORD', 'POSTGRES_PASSWORD'],
    ['CHROMA_URI', 'CHROMA_URL'],
  ])('that are misspelt, as %s, get a suggestion', (name, meant) => {
    const [problem] = loadBad({ environment: { [name]: 'x' } });
    expect(problem).toMatchObject({ name, rule: `no such setting; did you mean ${meant}?` });
  });

  it('get no suggestion where nothing is similar', () => {
    expect(loadBad({ environment: { HYDRA_QUANTUM: '1' } })[0]?.rule).toBe('no such setting');
  });

  it.each([
    [
      'a key that the original read and its README did not document',
      'orchestrators: {light: {model: x}}',
      'did you mean orchestrator.light.model?',
    ],
    ['a map where a name belongs', 'default: {model: {name: x}}', 'a name, or a list of names'],
    ['a task that is misspelt', 'tasks: {pyhton: [a]}', 'no task "pyhton"; did you mean python?'],
    ['a task that there is not', 'tasks: {poetry_in_motion: [a]}', 'there are repair, tests, function, class'],
    ['a name of a task that is no model', 'tasks: {python: [two words]}', 'tasks with their models, such as'],
    ['a list where tasks belong', 'tasks: [a]', 'a map of tasks with their models'],
    ['a map where models of a task belong', 'tasks: {python: {model: a}}', 'a map of tasks with their models'],
    ['no YAML', 'default: [', 'YAML'],
    ['a list where keys belong', '- x', 'no such key'],
  ])('in models.yaml: %s', (_case, text, rule) => {
    const problems = loadBad({ files: { 'config/models.yaml': text } });
    expect(problems[0]).toMatchObject({ origin: 'config/models.yaml', rule: expect.stringContaining(rule) as string });
  });

  it('never show a secret', () => {
    const loaded = load({ environment: { TEMPORAL_API_KEY: 'hush', HYDRA_API_PORT: 'x' } });
    expect(JSON.stringify(loaded)).not.toContain('hush');
  });

  it.each([
    [{ HYDRA_MAX_TOKENS: '8192' }, 'HYDRA_MAX_TOKENS', 'less than HYDRA_CONTEXT_TOKENS'],
    [{ HYDRA_CALL_TIMEOUT_SECONDS: '100' }, 'HYDRA_FIRST_TOKEN_TIMEOUT_SECONDS', 'at most HYDRA_CALL'],
    [{ HYDRA_API_PORT: '7233' }, 'HYDRA_TEMPORAL_PORT', 'another port'],
    [{ HYDRA_API_PORT: '8233' }, 'HYDRA_TEMPORAL_UI_PORT', 'another port'],
    [{ HYDRA_TEMPORAL_PORT: '8233' }, 'HYDRA_TEMPORAL_UI_PORT', 'another port'],
  ])('that contradict each other, as %o, are told with both names', (environment, name, rule) => {
    const [problem] = loadBad({ environment });
    expect(problem?.name).toBe(name);
    expect(problem?.rule).toContain(rule);
  });
});

describe('describing settings', () => {
  it('lists value and origin of each, secrets masked', () => {
    const environment = { TEMPORAL_API_KEY: 'hush', HYDRA_API_PORT: '9001' };
    const loaded = load({ environment, files: { 'config/models.yaml': 'default: {model: coder}' } });
    if (!loaded.ok) throw new Error('unreachable');
    const byName = new Map(describeSettings(loaded.origins).map((item) => [item.name, item]));
    expect(byName.get('HYDRA_API_PORT')).toMatchObject({ value: '9001', origin: 'environment', defaultText: '8001' });
    expect(byName.get('HYDRA_DEFAULT_MODEL')).toMatchObject({ value: 'coder', origin: 'config/models.yaml' });
    expect(byName.get('TEMPORAL_API_KEY')).toMatchObject({ value: '********', origin: 'environment' });
    expect(byName.get('HYDRA_NODES')).toMatchObject({ value: null, origin: 'default' });
    expect(byName.get('HYDRA_EMBEDDING_MODEL')).toMatchObject({ value: 'mxbai-embed-large', origin: 'default' });
  });
});
