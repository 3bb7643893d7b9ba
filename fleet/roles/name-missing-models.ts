import type { MissingModel } from './models-present.ts';

/** What the models of a role are called where no task is; a default model is missing only where it is the worker. */
const ROLE_WORDS: Readonly<Partial<Record<MissingModel['role'], string>>> = { workers: 'worker', default: 'worker' };

/** Missing models for people, such as `the light model a:1b, the heavy model b:14b or the python model c:7b`. */
export function nameMissingModels(missing: readonly MissingModel[]): string {
  const names = missing.map(({ role, model }) => `the ${ROLE_WORDS[role] ?? role} model ${model}`);
  return new Intl.ListFormat('en-GB', { type: 'disjunction' }).format(names);
}
