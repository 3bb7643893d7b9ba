import type { SettingSource } from './read-values.ts';
import { SETTING_KEYS, SETTINGS } from './setting-definitions.ts';
import type { SettingProblem } from './setting-problem.ts';
import { suggestName } from './suggest-name.ts';

/** Our names begin so; what else stands in an environment is not ours to judge. */
const PREFIX = 'HYDRA_';
/** What a test run hands to its parts. */
const TEST_PREFIX = 'HYDRA_TEST_';

const KNOWN_NAMES: readonly string[] = SETTING_KEYS.map((key) => SETTINGS[key].variable);

/** Finds names that look like ours and are not: a misspelt setting would otherwise have no effect without a word. */
export function findUnknownNames(sources: readonly SettingSource[], alsoKnown: readonly string[]): SettingProblem[] {
  return sources.flatMap(({ origin, texts }) =>
    Object.keys(texts)
      .filter((name) => name.startsWith(PREFIX) && !name.startsWith(TEST_PREFIX))
      .filter((name) => !KNOWN_NAMES.includes(name) && !alsoKnown.includes(name))
      .map((name) => ({
        name,
        rule: `no such setting${suggestName(name, KNOWN_NAMES)}`,
        value: '',
        origin,
        fix: 'unset it, or see .env.example for the names there are',
      })),
  );
}
