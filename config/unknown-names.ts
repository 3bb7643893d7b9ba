import type { SettingSource } from './read-values.ts';
import { SETTING_KEYS, SETTINGS } from './setting-definitions.ts';
import type { SettingProblem } from './setting-problem.ts';
import { suggestName } from './suggest-name.ts';
import { TOKEN_VARIABLE_PREFIX } from './token-variable.ts';

/** Our names begin so; what else stands in an environment is not ours to judge. */
const PREFIX = 'HYDRA_';
/** Begin some of our names and those of other programs: only what is nearly one of ours is a mistake. */
const SHARED_PREFIXES: readonly string[] = ['SOLLOL_', 'REDIS_', 'POSTGRES_', 'CHROMA_'];
/** What a test run hands to its parts, and tokens of nodes that are added while Hydra runs. */
const FREE_PREFIXES: readonly string[] = ['HYDRA_TEST_', TOKEN_VARIABLE_PREFIX];

const KNOWN_NAMES: readonly string[] = SETTING_KEYS.map((key) => SETTINGS[key].variable);

/** Finds names that look like ours and are not: a misspelt setting would otherwise have no effect without a word. */
export function findUnknownNames(sources: readonly SettingSource[], alsoKnown: readonly string[]): SettingProblem[] {
  return sources.flatMap(({ origin, texts }) =>
    Object.keys(texts)
      .filter((name) => !KNOWN_NAMES.includes(name) && !alsoKnown.includes(name))
      .filter((name) => looksLikeOurs(name) || looksMisspelt(name))
      .map((name) => ({
        name,
        rule: `no such setting${suggestName(name, KNOWN_NAMES)}`,
        value: '',
        origin,
        fix: 'unset it, or see .env.example for the names there are',
      })),
  );
}

function looksLikeOurs(name: string): boolean {
  return name.startsWith(PREFIX) && !FREE_PREFIXES.some((prefix) => name.startsWith(prefix));
}

/** The prefix is left out of the comparison: it alone would make all names similar. */
function looksMisspelt(name: string): boolean {
  const prefix = SHARED_PREFIXES.find((one) => name.startsWith(one));
  if (prefix === undefined) return false;
  const known = KNOWN_NAMES.filter((one) => one.startsWith(prefix));
  const rests = known.map((one) => one.slice(prefix.length));
  return suggestName(name.slice(prefix.length), rests) !== '';
}
