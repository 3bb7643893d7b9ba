import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { CHROMA } from '../../bootstrap.mjs';
import { SETTING_KEYS, SETTINGS } from '../../config/setting-definitions.ts';
import { SERVICE_NAMES } from '../../workers/services/memory-service.ts';
import { loadGood } from '../support/settings-folder.ts';

const TEXT = readFileSync('compose.yaml', 'utf8');

interface Service {
  readonly image: string;
  readonly ports: readonly string[];
  readonly volumes?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly healthcheck: { readonly test: readonly string[] };
}

const file = parse(TEXT) as {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
};
const services = Object.entries(file.services);

/** What Compose makes of `${NAME:-default}` and `${NAME:?message}`. */
function fillIn(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\{(\w+)(?::-([^}]*)|:\?[^}]*)?\}/g, (_, name: string, fallback: string | undefined) => {
    return values[name] ?? fallback ?? `missing ${name}`;
  });
}

/** The lines for .env that the file's head names, with passwords in them. */
const HEAD_LINES = [...TEXT.matchAll(/^#\s+([A-Z_]+)=(\S+)$/gm)].map(([, name = '', value = '']) => {
  return [name, value === '…' ? 'hush' : value] as const;
});

describe('compose.yaml', () => {
  it('has the services that hydra services has', () => {
    expect(services.map(([name]) => name)).toEqual([...SERVICE_NAMES]);
  });

  it('pins every image to a version, and Chroma to the one that is tested', () => {
    for (const [, { image }] of services) expect(image).toMatch(/:\d+\.\d+(\.\d+)?(-alpine)?$/);
    expect(file.services['chroma']?.image.split(':')[1]).toBe(CHROMA.requirement.split('==')[1]);
  });

  it('listens on loopback only, at the ports that settings have by default', () => {
    const ports = services.flatMap(([, service]) => service.ports.map((text) => fillIn(text, {})));
    expect(ports).toEqual(['127.0.0.1:6379:6379', '127.0.0.1:5432:5432', '127.0.0.1:8000:8000']);
    expect([SETTINGS.redisPort.defaultText, SETTINGS.postgresPort.defaultText]).toEqual(['6379', '5432']);
  });

  it('reads only names that are settings, with the defaults that those have', () => {
    const used = [...TEXT.matchAll(/\$\{(\w+)(?::-([^}]*))?/g)].map(([, name, fallback]) => [name, fallback]);
    const known = SETTING_KEYS.map((key) => SETTINGS[key]);
    expect(used.length).toBeGreaterThan(5);
    for (const [name, fallback] of used) {
      const setting = known.find(({ variable }) => variable === name);
      expect(setting, name).toBeDefined();
      if (fallback !== undefined) expect(fallback).toBe(setting?.defaultText);
    }
  });

  it('declares each volume that it uses, and looks after the health of each service', () => {
    const used = services.flatMap(([, { volumes = [] }]) => volumes.map((text) => text.split(':')[0]));
    expect(used).toEqual(Object.keys(file.volumes));
    for (const [, { healthcheck }] of services) expect(healthcheck.test[0]).toMatch(/^CMD/);
  });

  it('fits the lines for .env that it names', () => {
    const values = Object.fromEntries(HEAD_LINES);
    const { memory } = loadGood({ environment: values });
    const published = services.map(([, service]) => fillIn(service.ports[0] ?? '', values).split(':')[1]);
    const named = [memory.redis, memory.postgres, memory.chroma].map((server) => new URL(server?.url ?? '').port);
    expect(named).toEqual(published);
    expect(fillIn(TEXT.replaceAll(/^#.*$/gm, ''), values)).not.toContain('missing ');
    const made = file.services['postgres']?.environment ?? {};
    const [user, database] = ['POSTGRES_USER', 'POSTGRES_DB'].map((name) => fillIn(made[name] ?? '', values));
    expect(memory.postgres?.url).toContain(`//${user}:hush@localhost:`);
    expect(memory.postgres?.url).toMatch(new RegExp(`/${database}$`));
  });
});
