import { describe, expect, it } from 'vitest';
import { describeSettings } from '../../config/describe-settings.ts';
import { readServerUrl, writeServerUrl } from '../../config/server-url.ts';
import { load, loadBad, loadGood } from '../support/settings-folder.ts';

describe('settings of memory', () => {
  it('name no server where nothing is said: SQLite does everything', () => {
    expect(loadGood().memory).toEqual({
      record: 'sqlite',
      redis: null,
      postgres: null,
      chroma: null,
      embeddingModel: 'mxbai-embed-large',
      retentionDays: 365,
      limitBytes: 1024 ** 3,
      recallTokens: 1024,
    });
  });

  it('take the lines of the .env that the Python Hydra documented', () => {
    const text =
      'POSTGRES_HOST=localhost\nPOSTGRES_PORT=5432\nPOSTGRES_DB=hydra\nREDIS_HOST=localhost\nREDIS_PORT=6379\n';
    expect(loadGood({ files: { '.env': text } }).memory).toMatchObject({
      redis: { url: 'redis://localhost:6379' },
      postgres: { url: 'postgres://hydra@localhost:5432/hydra' },
    });
  });

  it('let a URL win over single parts that say the same', () => {
    const environment = {
      REDIS_URL: 'rediss://:a%20b@cache.example/3',
      REDIS_HOST: 'cache.example',
      REDIS_PORT: '6379',
      REDIS_PASSWORD: 'a b',
      POSTGRES_URL: 'postgresql://me:word@db.example/things?sslmode=require',
      POSTGRES_HOST: 'db.example',
      POSTGRES_DB: 'things',
      POSTGRES_USER: 'me',
    };
    expect(loadGood({ environment }).memory).toMatchObject({
      redis: { url: environment.REDIS_URL },
      postgres: { url: environment.POSTGRES_URL },
    });
  });

  it.each([
    ['REDIS_HOST', 'other', { REDIS_URL: 'redis://h' }, 'other, REDIS_URL is redis://h'],
    ['REDIS_PORT', '7000', { REDIS_URL: 'redis://h' }, '7000, REDIS_URL is redis://h'],
    ['REDIS_PASSWORD', 'hush', { REDIS_URL: 'redis://:husch@h' }, '********, REDIS_URL is ********@h'],
    ['POSTGRES_HOST', 'other', { POSTGRES_URL: 'postgres://h/d' }, 'other, POSTGRES_URL is postgres://h/d'],
    ['POSTGRES_PORT', '1', { POSTGRES_URL: 'postgres://h/d' }, '1, POSTGRES_URL is postgres://h/d'],
    ['POSTGRES_DB', 'e', { POSTGRES_URL: 'postgres://h/d' }, 'e, POSTGRES_URL is postgres://h/d'],
    ['POSTGRES_USER', 'u', { POSTGRES_URL: 'postgres://me@h/d' }, 'u, POSTGRES_URL is ********@h/d'],
    ['POSTGRES_PASSWORD', 'hush', { POSTGRES_URL: 'postgres://me@h/d' }, '********, POSTGRES_URL is ********@h/d'],
  ])('tell that %s=%s contradicts its URL, without a password', (name, text, url, value) => {
    const problems = loadBad({ environment: { ...url, [name]: text } });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ name, value, origin: 'environment' });
    expect(problems[0]?.fix).toContain(Object.keys(url)[0]);
    expect(JSON.stringify(problems)).not.toMatch(/hush|husch/);
  });

  it('tell what is missing where Postgres is to be the record and there is none', () => {
    const problems = loadBad({ files: { '.env': 'HYDRA_RECORD=postgres' } });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ name: 'HYDRA_RECORD', value: 'postgres', origin: '.env' });
    expect(problems[0]?.rule).toContain('neither POSTGRES_URL nor POSTGRES_HOST is set');
    expect(problems[0]?.fix).toContain('POSTGRES_URL=postgres://');
  });

  it('blame only the wrong address where Postgres is to be the record and its address is wrong', () => {
    const problems = loadBad({ environment: { HYDRA_RECORD: 'postgres', POSTGRES_URL: 'mysql://h/d' } });
    expect(problems.map((problem) => problem.name)).toEqual(['POSTGRES_URL']);
  });

  it.each([
    ['REDIS_URL', 'redis://'],
    ['REDIS_URL', 'redis://h:99999'],
    ['REDIS_URL', 'redis://h:0'],
    ['REDIS_URL', 'redis://h/zero'],
    ['REDIS_URL', 'redis://:50%@h'],
    ['REDIS_URL', 'localhost:6379'],
    ['POSTGRES_URL', 'postgres://h'],
    ['POSTGRES_URL', 'postgres://h/'],
    ['POSTGRES_URL', 'postgres://h/a/b'],
    ['POSTGRES_URL', 'postgres://u:%ff@h/d'],
    ['POSTGRES_URL', 'postgres:///d'],
    ['CHROMA_URL', 'chroma://h'],
    ['CHROMA_URL', 'http://'],
    ['CHROMA_URL', 'http://h:8000/chroma'],
  ])('refuse %s=%s', (name, text) => {
    expect(loadBad({ environment: { [name]: text } }).map((problem) => problem.name)).toEqual([name]);
  });

  it('take a Postgres behind a socket', () => {
    const url = 'postgres:///hydra?host=/var/run/postgresql&user=me';
    expect(loadGood({ environment: { POSTGRES_URL: url } }).memory.postgres).toEqual({ url });
  });

  it('show no password, neither where settings are listed nor where they are refused', () => {
    const environment = {
      REDIS_URL: 'redis://:hush1@h',
      REDIS_PASSWORD: 'hush1',
      POSTGRES_URL: 'postgres://h/d?user=me&password=hush2',
      POSTGRES_PASSWORD: 'hush2',
      CHROMA_URL: 'http://me:hush3@h',
    };
    const loaded = load({ environment });
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
    const shown = describeSettings(loaded.origins);
    expect(JSON.stringify(shown)).not.toContain('hush');
    expect(shown.find(({ name }) => name === 'CHROMA_URL')?.value).toContain('@h');
    const refused = load({
      environment: { REDIS_URL: 'http://:hush@h', POSTGRES_URL: 'postgres://u:hush@h', CHROMA_URL: 'x://hush@h' },
    });
    expect(refused.ok).toBe(false);
    expect(JSON.stringify(refused)).not.toContain('hush');
  });
});

describe('the address of a server', () => {
  it.each(['plain', 'p@ss:w/rd?#%', 'Geheim ß', '[x]'])('carries the password %s there and back', (password) => {
    const parts = { host: 'h', port: 1, user: 'u@v', password, database: 'd' };
    expect(readServerUrl(writeServerUrl('postgres', parts), 5432)).toEqual(parts);
  });

  it('may be one of IPv6', () => {
    const parts = { host: '::1', port: 1, user: undefined, password: undefined, database: undefined };
    expect(writeServerUrl('redis', parts)).toBe('redis://[::1]:1');
    expect(readServerUrl('redis://[::1]:1', 6379)).toEqual(parts);
  });
});
