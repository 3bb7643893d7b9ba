import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { formatEnvironmentExample } from '../../config/describe-settings.ts';
import { SETTING_KEYS, SETTINGS } from '../../config/setting-definitions.ts';
import type { Settings } from '../../config/settings.ts';
import { loadBad, loadGood } from '../support/settings-folder.ts';

/** A value that is not the default, where it arrives, what arrives there, and a value that must be refused (null: none is). */
type Row = readonly [
  name: string,
  text: string,
  read: (settings: Settings) => unknown,
  value: unknown,
  refused: string | null,
];

const ROWS: readonly Row[] = [
  ['HYDRA_HOME', '/state', (s) => s.home, '/state', null],
  ['HYDRA_CACHE', '/programs', (s) => s.cache, '/programs', null],
  ['HYDRA_TEMPORAL_CLI', process.execPath, (s) => s.programs?.temporalCli, process.execPath, '/no/such/program'],
  ['HYDRA_OLLAMA', process.execPath, (s) => s.programs?.ollama, process.execPath, '/no/such/program'],
  ['HYDRA_RELEASES_URL', 'http://mirror:1/', (s) => s.programs?.releasesUrl, 'http://mirror:1', 'mirror'],
  ['HYDRA_LOG_LEVEL', 'debug', (s) => s.logLevel, 'debug', 'loud'],
  ['HYDRA_API_HOST', '0.0.0.0', (s) => s.api.host, '0.0.0.0', 'http://x'],
  ['HYDRA_API_PORT', '9001', (s) => s.api.port, 9001, '70000'],
  ['HYDRA_METRICS_PORT', '9101', (s) => s.metricsPort, 9101, '70000'],
  ['HYDRA_ALLOWED_HOSTS', 'a.example, b', (s) => s.api.allowedHosts, ['a.example', 'b'], 'http://a'],
  ['HYDRA_MAX_OPEN_RUNS', '5', (s) => s.api.maxOpenRuns, 5, '0'],
  ['HYDRA_MAX_BODY_BYTES', '2048', (s) => s.api.maxBodyBytes, 2048, '1 MB'],
  ['HYDRA_MAX_PROMPT_CHARACTERS', '500', (s) => s.api.maxPromptCharacters, 500, '-1'],
  ['HYDRA_LIGHT_MODEL', 'tiny:1b', (s) => s.models.light, 'tiny:1b', 'two words'],
  ['HYDRA_HEAVY_MODEL', 'hf.co/a/b:70b', (s) => s.models.heavy, 'hf.co/a/b:70b', 'a:b:c'],
  ['HYDRA_DEFAULT_MODEL', 'coder', (s) => s.models.default, 'coder', ':latest'],
  ['HYDRA_WORKER_MODELS', 'a:1b, b', (s) => s.models.workers, ['a:1b', 'b'], 'a b'],
  [
    'HYDRA_TASK_MODELS',
    'python=a:1b, b; repair=c',
    (s) => s.models.tasks,
    { python: ['a:1b', 'b'], repair: ['c'] },
    'pyhton=a:1b',
  ],
  ['HYDRA_FALLBACK_MODELS', 'small:1b', (s) => s.fallbackModels, ['small:1b'], 'two words'],
  ['HYDRA_NODES', 'one=h:1', (s) => s.nodes, [{ id: 'one', url: 'http://h:1', slots: 1 }], 'ftp://h'],
  ['OLLAMA_HOST', '10.0.0.5', (s) => s.nodes[0]?.url, 'http://10.0.0.5:11434', 'h:99999'],
  ['HYDRA_NODE_SLOTS', '4', (s) => [s.nodes[0]?.slots, s.nodeSlots], [4, 4], '0'],
  ['SOLLOL_VRAM_MONITORING', 'false', (s) => s.vramMonitoring, false, 'no'],
  ['SOLLOL_DISCOVERY_ENABLED', 'true', (s) => s.discovery.enabled, true, 'yes'],
  ['SOLLOL_DISCOVERY_TIMEOUT', '2.5', (s) => s.discovery.timeoutMs, 2500, '0'],
  ['HYDRA_DISCOVERY_PORTS', '11500, 11434', (s) => s.discovery.ports, [11_500, 11_434], '11434,0'],
  ['HYDRA_DISCOVERY_INTERVAL_SECONDS', '5', (s) => s.discovery.intervalMs, 5000, '0'],
  ['HYDRA_TEMPERATURE', '0.2', (s) => s.defaults.temperature, 0.2, '3'],
  ['HYDRA_MAX_TOKENS', '100', (s) => s.defaults.maxTokens, 100, '1.5'],
  ['HYDRA_CONTEXT_TOKENS', '4096', (s) => s.contextTokens, 4096, 'all'],
  ['HYDRA_LIMIT_MODEL_CALLS', '7', (s) => s.defaults.limits.modelCalls, 7, '0'],
  ['HYDRA_LIMIT_TOKENS', '1000', (s) => s.defaults.limits.tokens, 1000, '1e3'],
  ['HYDRA_LIMIT_MINUTES', '3', (s) => s.defaults.limits.minutes, 3, '0'],
  ['HYDRA_LIMIT_PARTS', '2', (s) => s.defaults.limits.parts, 2, '1000'],
  ['HYDRA_LIMIT_REPAIR_ROUNDS', '0', (s) => s.defaults.limits.repairRounds, 0, '11'],
  ['HYDRA_SANDBOX', 'none', (s) => s.sandbox.runner, 'none', 'docker'],
  ['HYDRA_SANDBOX_SECONDS', '5', (s) => s.sandbox.wallClockMs, 5000, '0'],
  ['HYDRA_SANDBOX_MEMORY_MB', '256', (s) => s.sandbox.memoryBytes, 256 * 1024 * 1024, '1'],
  ['HYDRA_RECORD', 'postgres', (s) => s.memory.record, 'postgres', 'mysql'],
  ['REDIS_URL', 'rediss://:pass@r:1/2', (s) => s.memory.redis?.url, 'rediss://:pass@r:1/2', 'http://r'],
  ['REDIS_HOST', 'r', (s) => s.memory.redis?.url, 'redis://r:6379', 'redis://r'],
  ['REDIS_PORT', '7000', (s) => s.memory.redis?.url, 'redis://r:7000', '0'],
  ['REDIS_PASSWORD', 'p@ss', (s) => s.memory.redis?.url, 'redis://:p%40ss@r:6379', null],
  ['POSTGRES_URL', 'postgres://u:pass@p/d', (s) => s.memory.postgres?.url, 'postgres://u:pass@p/d', 'mysql://p/d'],
  ['POSTGRES_HOST', 'p', (s) => s.memory.postgres?.url, 'postgres://hydra@p:5432/hydra', 'p/d'],
  ['POSTGRES_PORT', '7001', (s) => s.memory.postgres?.url, 'postgres://hydra@p:7001/hydra', '65536'],
  ['POSTGRES_DB', 'd', (s) => s.memory.postgres?.url, 'postgres://hydra@p:5432/d', 'd/e'],
  ['POSTGRES_USER', 'u', (s) => s.memory.postgres?.url, 'postgres://u@p:5432/hydra', 'two words'],
  ['POSTGRES_PASSWORD', 'p:/ss', (s) => s.memory.postgres?.url, 'postgres://hydra:p%3A%2Fss@p:5432/hydra', null],
  ['CHROMA_URL', 'http://c:8000/', (s) => s.memory.chroma?.url, 'http://c:8000', 'c:8000'],
  ['HYDRA_EMBEDDING_MODEL', 'nomic:v1', (s) => s.memory.embeddingModel, 'nomic:v1', 'two words'],
  ['HYDRA_MEMORY_DAYS', '7', (s) => s.memory.retentionDays, 7, '0'],
  ['HYDRA_MEMORY_MB', '2', (s) => s.memory.limitBytes, 2 * 1024 * 1024, '1.5'],
  ['HYDRA_RECALL_TOKENS', '0', (s) => s.memory.recallTokens, 0, '-1'],
  ['HYDRA_FIRST_TOKEN_TIMEOUT_SECONDS', '0.5', (s) => s.timeouts.firstTokenMs, 500, '0'],
  ['HYDRA_IDLE_TIMEOUT_SECONDS', '2', (s) => s.timeouts.idleMs, 2000, 'ten'],
  ['HYDRA_CALL_TIMEOUT_SECONDS', '400', (s) => s.timeouts.totalMs, 400_000, '99999'],
  ['HYDRA_NODE_WAIT_SECONDS', '1', (s) => s.timeouts.maxWaitForNodeMs, 1000, '-5'],
  ['HYDRA_HEARTBEAT_TIMEOUT_SECONDS', '20', (s) => s.timeouts.heartbeatMs, 20_000, '0.5'],
  ['HYDRA_PICKUP_TIMEOUT_SECONDS', '9', (s) => s.timeouts.scheduleToStartMs, 9000, '0'],
  ['HYDRA_PROBE_INTERVAL_SECONDS', '0.1', (s) => s.timeouts.probeIntervalMs, 100, '0'],
  ['HYDRA_PROBE_TIMEOUT_SECONDS', '1', (s) => s.timeouts.probeTimeoutMs, 1000, '1000'],
  ['HYDRA_SHUTDOWN_GRACE_SECONDS', '0', (s) => s.timeouts.shutdownGraceMs, 0, '4000'],
  ['HYDRA_TEMPORAL_PORT', '9233', (s) => s.temporal.address, '127.0.0.1:9233', '0'],
  ['HYDRA_TEMPORAL_UI_PORT', '9234', (s) => s.temporal.uiPort, 9234, 'x'],
  ['TEMPORAL_ADDRESS', 'cluster:7233', (s) => s.temporal.address, 'cluster:7233', null],
  ['TEMPORAL_NAMESPACE', 'team', (s) => s.temporal.namespace, 'team', null],
  ['TEMPORAL_API_KEY', 'key', (s) => [s.temporal.apiKey, s.temporal.tls], ['key', true], null],
  ['TEMPORAL_PROFILE', 'cloud', (s) => s.temporal.address, 'cloud:1', 'absent'],
  ['TEMPORAL_CONFIG_FILE', 'other.toml', (s) => s.temporal.address, 'other:1', 'absent.toml'],
];

/** What a setting needs beside it to say anything. */
const COMPANIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  // Temporal looks for its file below HOME; here that is given as a file of its own.
  TEMPORAL_PROFILE: { TEMPORAL_CONFIG_FILE: 'home/.config/temporalio/temporal.toml' },
  HYDRA_RECORD: { POSTGRES_HOST: 'p' },
  REDIS_PORT: { REDIS_HOST: 'r' },
  REDIS_PASSWORD: { REDIS_HOST: 'r' },
  POSTGRES_PORT: { POSTGRES_HOST: 'p' },
  POSTGRES_DB: { POSTGRES_HOST: 'p' },
  POSTGRES_USER: { POSTGRES_HOST: 'p' },
  POSTGRES_PASSWORD: { POSTGRES_HOST: 'p' },
};

/** What the rows about profiles read. */
const FILES = {
  'other.toml': '[profile.default]\naddress = "other:1"\n',
  'home/.config/temporalio/temporal.toml': '[profile.cloud]\naddress = "cloud:1"\n',
};

const byName = new Map(ROWS.map((row) => [row[0], row]));
const variables = SETTING_KEYS.map((key) => SETTINGS[key].variable);

describe('every documented setting', () => {
  it('has a row in this table', () => {
    expect([...byName.keys()].sort()).toEqual([...variables].sort());
  });

  it.each(ROWS)('%s=%s changes the settings from the environment', (name, text, read, value) => {
    const companions = name === 'TEMPORAL_PROFILE' ? {} : COMPANIONS[name];
    expect(read(loadWith({ ...companions }))).not.toEqual(value);
    expect(read(loadWith({ ...COMPANIONS[name], [name]: text }))).toEqual(value);
  });

  it.each(ROWS.filter((row) => row[4] !== null))(
    '%s refuses a wrong value by name',
    (name, _text, _read, _value, refused) => {
      const problems = loadBad({ environment: { [name]: refused ?? '' } });
      expect(problems).toHaveLength(1);
      expect(problems[0]?.value).toContain(refused);
      expect(`${problems[0]?.name} ${problems[0]?.fix}`).toContain(name);
      expect(problems[0]?.rule).not.toBe('');
    },
  );
});

describe('.env.example', () => {
  const text = readFileSync('.env.example', 'utf8');

  it('says exactly what the table of settings says', () => {
    expect(text).toBe(formatEnvironmentExample());
  });

  it('names every setting with its default', () => {
    const written = [...text.matchAll(/^#(\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]);
    const defined = SETTING_KEYS.map((key) => [SETTINGS[key].variable, SETTINGS[key].defaultText ?? '']);
    expect(written).toEqual(defined);
  });

  it('changes nothing when it is copied and every line with a value is switched on', () => {
    const ownServer = text.replace(/^#(?!TEMPORAL_)(?=\w+=)/gm, '');
    const files = { '.env': ownServer };
    const { home: _home, cache: _cache, ...settings } = loadGood({ files, environment: { HYDRA_CACHE: '/c' } });
    const { home: _otherHome, cache: _otherCache, ...defaults } = loadGood({ environment: { HYDRA_CACHE: '/c' } });
    expect(settings).toEqual(defaults);
  });
});

function loadWith(environment: Readonly<Record<string, string>>): Settings {
  return loadGood({ files: FILES, environment });
}
