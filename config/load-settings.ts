import { loadTemporalDev, type TemporalDevConfig } from './load-temporal-dev.ts';
import { buildSettings } from './build-settings.ts';
import { findContradictions } from './contradictions.ts';
import { readModelsFile } from './models-file.ts';
import { chooseNodes } from './choose-nodes.ts';
import { readDotenv, withoutEmpty, type Texts } from './read-setting-files.ts';
import { MODELS_FILE, TEMPORAL_DEV_FILE } from './define-setting.ts';
import type { SettingProblem } from './setting-problem.ts';
import { readValues, type SettingOrigins, type SettingSource } from './read-values.ts';
import type { Settings } from './settings.ts';
import { resolveTemporal } from './temporal-settings.ts';
import { findUnknownNames } from './unknown-names.ts';

/** Where settings come from. */
export interface SettingInputs {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Project folder: holds `.env`, `config/` and `temporal-dev.yaml`. */
  readonly folder: string;
  /** Values of command-line options, by the environment name of the setting. */
  readonly flags?: Readonly<Record<string, string | undefined>>;
}

/** Checked settings with where each came from, or every problem that there is. */
export type LoadedSettings =
  | { readonly ok: true; readonly settings: Settings; readonly origins: SettingOrigins }
  | { readonly ok: false; readonly problems: readonly SettingProblem[] };

/** Reads all settings once. A flag wins over the environment, that over `.env`, that over a settings file, that over the default. */
export function loadSettings(inputs: SettingInputs): LoadedSettings {
  const dotenv = readDotenv(inputs.folder);
  const models = readModelsFile(inputs.folder);
  const dev = loadTemporalDev(inputs.folder);
  const named = namedSources(inputs, dotenv.texts);
  const read = readValues([...named, ...fileSources(models.texts, dev.config)], inputs.folder);
  const variables = mergeTexts(named);
  const nodes = chooseNodes(read.values, variables, inputs.folder);
  const temporal = resolveTemporal(read.values, variables, dev.config);
  const problems = [
    ...[dotenv, models, dev, read, nodes, temporal].flatMap((part) => part.problems),
    ...findUnknownNames(named, nodes.tokenVariables),
    ...findContradictions(read),
  ];
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, settings: buildSettings(read.values, nodes.nodes, temporal.temporal), origins: read.origins };
}

function namedSources(inputs: SettingInputs, dotenv: Texts): SettingSource[] {
  return [
    { origin: 'option', texts: withoutEmpty(inputs.flags ?? {}) },
    { origin: 'environment', texts: withoutEmpty(inputs.environment) },
    { origin: '.env', texts: dotenv },
  ];
}

/** One environment out of all named sources; the first that has a name wins. */
function mergeTexts(sources: readonly SettingSource[]): Texts {
  return Object.fromEntries(sources.toReversed().flatMap((source) => Object.entries(source.texts)));
}

function fileSources(models: Texts, dev: TemporalDevConfig | null): SettingSource[] {
  const ports: Texts = dev === null ? {} : { port: String(dev.port), ui_port: String(dev.ui_port) };
  return [
    { origin: MODELS_FILE, texts: models },
    { origin: TEMPORAL_DEV_FILE, texts: ports },
  ];
}
