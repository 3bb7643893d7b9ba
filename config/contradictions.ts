import { SETTINGS, type SettingKey, type SettingValues } from './setting-definitions.ts';
import type { ReadValues } from './read-values.ts';
import type { SettingProblem } from './setting-problem.ts';

/** Settings that are right one by one and wrong together. */
interface Contradiction {
  readonly keys: readonly [SettingKey, SettingKey];
  readonly rule: string;
  readonly isBroken: (values: SettingValues) => boolean;
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
];

/** Finds settings that contradict each other. One that was refused already is left out. */
export function findContradictions(read: ReadValues): SettingProblem[] {
  const refusedKeys = new Set(read.problems.map((problem) => problem.key));
  return CONTRADICTIONS.filter(
    ({ keys, isBroken }) => !keys.some((key) => refusedKeys.has(key)) && isBroken(read.values),
  ).map((contradiction) => toProblem(contradiction, read));
}

function toProblem({ keys: [key, otherKey], rule }: Contradiction, { origins }: ReadValues): SettingProblem {
  const name = SETTINGS[key].variable;
  const other = SETTINGS[otherKey].variable;
  return {
    name,
    rule,
    value: `${origins[key].text}, ${other} is ${origins[otherKey].text}`,
    origin: origins[key].origin,
    fix: `change ${name} or ${other}`,
  };
}
