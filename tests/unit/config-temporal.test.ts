import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadTemporalDev, toServerFlags } from '../../config/load-temporal-dev.ts';
import { SEARCH_ATTRIBUTE_TYPES } from '../../workers/search-attributes.ts';
import { loadBad, loadGood, makeSettingsFolder } from '../support/settings-folder.ts';

const DELIVERED = readFileSync('temporal-dev.yaml', 'utf8');
const PLACE = { databaseFile: '/state/temporal.db', port: 1, uiPort: 2 };

describe('temporal-dev.yaml', () => {
  it('as delivered is right and becomes flags of the dev server', () => {
    const { config, problems } = loadTemporalDev('.');
    expect(problems).toEqual([]);
    if (config === null) throw new Error('missing');
    const flags = toServerFlags(config, PLACE).join(' ');
    expect(flags).toMatch(/^server start-dev --ip 127\.0\.0\.1 --port 1 --ui-port 2 /);
    expect(flags).toContain('--db-filename /state/temporal.db');
    expect(flags).toContain('--sqlite-pragma journal_mode=WAL');
    expect(flags).toContain('--dynamic-config-value history.transferProcessorMaxPollRPS=1000');
    expect(flags).toContain('--dynamic-config-value history.timerProcessorMaxTimeShift="10ms"');
    expect(flags).toContain('--search-attribute HydraNodes=KeywordList');
  });

  it('registers exactly the search attributes that workflows set', () => {
    expect(loadTemporalDev('.').config?.search_attributes).toEqual(SEARCH_ATTRIBUTE_TYPES);
  });

  it('gives the ports, and the environment wins over it', () => {
    const files = { 'temporal-dev.yaml': DELIVERED.replace('port: 7233', 'port: 1111').replace('8233', '2222') };
    expect(loadGood({ files }).temporal).toMatchObject({ address: '127.0.0.1:1111', uiPort: 2222 });
    const environment = { HYDRA_TEMPORAL_PORT: '3333' };
    expect(loadGood({ files, environment }).temporal).toMatchObject({
      address: '127.0.0.1:3333',
      dev: { port: 3333, ui_port: 2222 },
    });
  });

  it.each([
    ['an unknown key', 'colour: red\n', 'the file'],
    ['a text where a number belongs', DELIVERED.replace('7233', 'seven'), 'port'],
    [
      'a search attribute of no known type',
      DELIVERED.replace('HydraVerified: Bool', 'HydraVerified: Boolean'),
      'search_attributes.HydraVerified',
    ],
    ['a database outside the state folder', DELIVERED.replace('temporal.db', '../x.db'), 'database_file'],
    ['no retention', DELIVERED.replace('retention_days: 30', 'retention_days: 0'), 'retention_days'],
  ])('is refused with %s', (_case, text, name) => {
    const { config, problems } = loadTemporalDev(makeSettingsFolder({ 'temporal-dev.yaml': text }));
    expect(config).toBeNull();
    expect(problems.map((problem) => problem.name)).toContain(name);
  });
});

describe('a Temporal of the user', () => {
  it.each([
    { TEMPORAL_ADDRESS: 'cluster:1' },
    { TEMPORAL_NAMESPACE: 'team' },
    { TEMPORAL_API_KEY: 'key' },
    { TEMPORAL_CONFIG_FILE: 'temporal.toml' },
    { TEMPORAL_PROFILE: 'cloud', TEMPORAL_CONFIG_FILE: 'temporal.toml' },
  ])('is meant by %o, and none is started', (environment) => {
    const files = { 'temporal.toml': '[profile.cloud]\naddress = "cloud:1"\n[profile.default]\nnamespace = "n"\n' };
    expect(loadGood({ environment, files }).temporal.managed).toBe(false);
  });

  it('may stand in .env', () => {
    expect(loadGood({ files: { '.env': 'TEMPORAL_ADDRESS=cluster:1' } }).temporal).toMatchObject({
      managed: false,
      address: 'cluster:1',
    });
  });

  it('is found in the default profile of temporal.toml at its own place', () => {
    const folder = makeSettingsFolder({
      '.config/temporalio/temporal.toml': '[profile.default]\naddress = "found:1"\n',
    });
    const settings = loadGood({ environment: { HOME: folder } });
    expect(settings.temporal).toMatchObject({ managed: false, address: 'found:1', namespace: 'default' });
  });

  it('keeps certificates and headers of its profile', () => {
    const text = '[profile.default]\naddress = "a:1"\n[profile.default.grpc_meta]\nteam = "x"\n';
    const { temporal } = loadGood({ environment: { TEMPORAL_CONFIG_FILE: 't.toml' }, files: { 't.toml': text } });
    expect(temporal.profile?.grpcMeta).toEqual({ team: 'x' });
  });

  it.each([
    ['a profile that is not there', { TEMPORAL_PROFILE: 'absent' }, "Profile 'absent' not found"],
    ['a file that is no TOML', { TEMPORAL_CONFIG_FILE: 'bad.toml' }, 'TOML'],
    ['an unknown key', { TEMPORAL_CONFIG_FILE: 'odd.toml' }, 'adress'],
    [
      'a certificate that is not there',
      { TEMPORAL_ADDRESS: 'a:1', TEMPORAL_TLS_SERVER_CA_CERT_PATH: '/absent.pem' },
      'absent.pem',
    ],
  ])('is refused with %s', (_case, environment, rule) => {
    const files = { 'bad.toml': '[profile', 'odd.toml': '[profile.default]\nadress = "a:1"\n' };
    expect(loadBad({ environment, files })[0]?.rule).toContain(rule);
  });
});
