import type { Texts } from './read-setting-files.ts';
import type { SettingDefinition } from './define-setting.ts';
import { SETTING_KEYS, SETTINGS, type SettingKey, type SettingValues } from './setting-definitions.ts';
import { MASK, maskCredentials, type SettingProblem } from './setting-problem.ts';

/** Texts of one place, such as the environment. Shape: by environment name, in a settings file by its dotted key. */
export interface SettingSource {
  readonly origin: string;
  readonly texts: Texts;
}

/** The text of one setting and where it came from; null: it is unset and has no default. */
export interface SettingOrigin {
  readonly text: string | null;
  readonly origin: string;
}

export type SettingOrigins = Readonly<Record<SettingKey, SettingOrigin>>;

/** The outcome of reading all settings. */
export interface ReadValues {
  /** Complete even with problems: a refused value is replaced by its default, so that the rest can be checked. */
  readonly values: SettingValues;
  readonly origins: SettingOrigins;
  readonly problems: readonly (SettingProblem & { readonly key: SettingKey })[];
}

/** Takes each setting from the first source that has it, else its default, and reads its text. */
export function readValues(sources: readonly SettingSource[], folder: string): ReadValues {
  const values: Partial<Record<SettingKey, unknown>> = {};
  const origins: Partial<Record<SettingKey, SettingOrigin>> = {};
  const problems: ReadValues['problems'][number][] = [];
  for (const key of SETTING_KEYS) {
    const definition: SettingDefinition<unknown> = SETTINGS[key];
    const found = findText(definition, sources);
    const parsed = parseText(definition, found.text, folder);
    origins[key] = found;
    values[key] = parsed.ok ? parsed.value : parseDefault(definition, folder);
    if (!parsed.ok) problems.push({ key, ...toProblem(definition, found, parsed.rule) });
  }
  return { values: values as SettingValues, origins: origins as SettingOrigins, problems };
}

function findText(definition: SettingDefinition<unknown>, sources: readonly SettingSource[]): SettingOrigin {
  for (const { origin, texts } of sources) {
    const name = origin === definition.fileKey?.file ? definition.fileKey.key : definition.variable;
    const text = texts[name];
    if (text !== undefined) return { text, origin };
  }
  return { text: findDefault(definition, sources), origin: 'default' };
}

function findDefault(definition: SettingDefinition<unknown>, sources: readonly SettingSource[]): string | null {
  const lookUp = (name: string) => sources.find(({ texts }) => texts[name] !== undefined)?.texts[name];
  return definition.findDefault?.(lookUp) ?? definition.defaultText;
}

function parseText(definition: SettingDefinition<unknown>, text: string | null, folder: string) {
  return text === null ? ({ ok: true, value: undefined } as const) : definition.parse(text, folder);
}

function parseDefault(definition: SettingDefinition<unknown>, folder: string): unknown {
  const parsed = parseText(definition, definition.defaultText, folder);
  return parsed.ok ? parsed.value : undefined;
}

function toProblem(definition: SettingDefinition<unknown>, found: SettingOrigin, rule: string): SettingProblem {
  const value = definition.secret === 'whole' ? MASK : maskCredentials(found.text ?? '');
  return { name: definition.variable, rule, value, origin: found.origin, fix: howToSet(definition) };
}

/** Tells where the setting may stand, with an example that is right. */
export function howToSet(definition: SettingDefinition<unknown>): string {
  const { variable, fileKey, defaultText } = definition;
  const places = [
    `${variable}=${defaultText ?? '…'} in the environment or .env`,
    ...(fileKey === undefined ? [] : [`${fileKey.key} in ${fileKey.file}`]),
  ];
  return `set ${places.join(', or ')}`;
}
