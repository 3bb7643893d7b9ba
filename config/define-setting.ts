import type { ParseValue } from './parse-values.ts';
import { MASK, maskCredentials } from './setting-problem.ts';

/** Settings files beside `.env`, relative to the project folder. */
export const MODELS_FILE = 'config/models.yaml';
export const NODES_FILE = 'config/nodes.yaml';
export const TEMPORAL_DEV_FILE = 'temporal-dev.yaml';

/** Where a setting may also stand: a key, with dots, of a settings file. */
export interface FileKey {
  readonly file: typeof MODELS_FILE | typeof TEMPORAL_DEV_FILE;
  readonly key: string;
}

/** One setting: what it is called, what it means and how its text is read. */
export interface SettingDefinition<Value> {
  /** Environment name; it is what people call the setting. */
  readonly variable: string;
  /** One line for people. */
  readonly summary: string;
  /** As one would write it; null: unset. */
  readonly defaultText: string | null;
  readonly parse: ParseValue<Value>;
  /** Default of this system where it is not everywhere `defaultText`; `lookUp` gives environment values. */
  readonly findDefault?: (lookUp: (name: string) => string | undefined) => string;
  readonly fileKey?: FileKey;
  /** What of its value is never shown: all of it, or the user and password in an address. */
  readonly secret?: 'whole' | 'credentials';
}

/** The text of a setting as people may see it. */
export function showText({ secret }: SettingDefinition<unknown>, text: string): string {
  if (secret === 'whole') return MASK;
  return secret === 'credentials' ? maskCredentials(text) : text;
}

/** A setting that always has a value. */
export function required<Value>(definition: SettingDefinition<Value> & { readonly defaultText: string }) {
  return definition;
}

/** A setting that may be unset. */
export function optional<Value>(
  definition: Omit<SettingDefinition<Value>, 'defaultText'>,
): SettingDefinition<Value | undefined> {
  return { ...definition, defaultText: null };
}
