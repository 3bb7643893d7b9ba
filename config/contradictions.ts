import { showText, type SettingDefinition } from './define-setting.ts';
import { differsFromUrl, URL_PARTS } from './memory-settings.ts';
import { SETTINGS, type SettingKey, type SettingValues } from './setting-definitions.ts';
import type { ReadValues, SettingOrigins } from './read-values.ts';
import type { SettingProblem } from './setting-problem.ts';

/** Settings that are right one by one and wrong together. */
interface Contradiction {
  readonly keys: readonly [SettingKey, SettingKey];
  readonly rule: string;
  readonly isBroken: (values: SettingValues, origins: SettingOrigins) => boolean;
}

const CONTRADICTIONS: readonly Contradiction[] = [
  {
    keys: ['maxTokens', 'contextTokens'],
    rule: 'must leave room for the prompt: less than HYDRA_CONTEXT_TOKENS',
    isBroken: (values) => values.maxTokens >= values.contextTokens,
  },
  {
    keys: ['firstTokenTimeout', 'callTimeout'],
    rule: 'at most HYDRA_CALL_TIMEOUT_SECONDS',
    isBroken: (values) => values.firstTokenTimeout > values.callTimeout,
  },
  {
    keys: ['idleTimeout', 'callTimeout'],
    rule: 'at most HYDRA_CALL_TIMEOUT_SECONDS',
    isBroken: (values) => values.idleTimeout > values.callTimeout,
  },
  {
    keys: ['temporalPort', 'apiPort'],
    rule: 'another port than HYDRA_API_PORT',
    isBroken: (values) => values.temporalPort === values.apiPort,
  },
  {
    keys: ['temporalUiPort', 'apiPort'],
    rule: 'another port than HYDRA_API_PORT',
    isBroken: (values) => values.temporalUiPort === values.apiPort,
  },
  {
    keys: ['temporalUiPort', 'temporalPort'],
    rule: 'another port than HYDRA_TEMPORAL_PORT',
    isBroken: (values) => values.temporalUiPort === values.temporalPort,
  },
  ...URL_PARTS.map((part) => ({
    keys: [part.key, part.urlKey] as const,
    rule: `what ${SETTINGS[part.urlKey].variable} says, or nothing beside it`,
    isBroken: (values: SettingValues, origins: SettingOrigins) =>
      origins[part.key].origin !== 'default' && differsFromUrl(values, part),
  })),
];

/** Finds settings that contradict each other. One that was refused already is left out. */
export function findContradictions(read: ReadValues): SettingProblem[] {
  const refusedKeys = new Set(read.problems.map((problem) => problem.key));
  return CONTRADICTIONS.filter(
    ({ keys, isBroken }) => !keys.some((key) => refusedKeys.has(key)) && isBroken(read.values, read.origins),
  )
    .map((contradiction) => toProblem(contradiction, read))
    .concat(refusedKeys.has('postgresUrl') || refusedKeys.has('postgresHost') ? [] : findMissingRecord(read));
}

/** Postgres cannot be the system of record where there is none. */
function findMissingRecord({ values, origins }: ReadValues): SettingProblem[] {
  if (values.record !== 'postgres' || values.postgresUrl !== undefined || values.postgresHost !== undefined) return [];
  return [
    {
      name: SETTINGS.record.variable,
      rule: 'postgres needs a Postgres, and neither POSTGRES_URL nor POSTGRES_HOST is set',
      value: values.record,
      origin: origins.record.origin,
      fix: 'set POSTGRES_URL=postgres://user:password@host:5432/hydra, or POSTGRES_HOST, in the environment or .env',
    },
  ];
}

function toProblem({ keys: [key, otherKey], rule }: Contradiction, { origins }: ReadValues): SettingProblem {
  const name = SETTINGS[key].variable;
  const other = SETTINGS[otherKey].variable;
  return {
    name,
    rule,
    value: `${seen(key, origins)}, ${other} is ${seen(otherKey, origins)}`,
    origin: origins[key].origin,
    fix: `change ${name} or ${other}`,
  };
}

function seen(key: SettingKey, origins: SettingOrigins): string {
  const definition: SettingDefinition<unknown> = SETTINGS[key];
  return showText(definition, origins[key].text ?? '');
}
