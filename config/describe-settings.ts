import type { SettingOrigins } from './read-values.ts';
import { showText, type SettingDefinition } from './define-setting.ts';
import { SETTING_KEYS, SETTINGS } from './setting-definitions.ts';

/** One setting as people see it. */
export interface SettingDescription {
  readonly name: string;
  readonly summary: string;
  /** As written; a secret is masked; null: not set. */
  readonly value: string | null;
  readonly defaultText: string | null;
  /** `option`, `environment`, `.env`, `default` or a settings file. */
  readonly origin: string;
}

/** Lists every setting with its value and where that came from, in the order of the table. */
export function describeSettings(origins: SettingOrigins): readonly SettingDescription[] {
  return SETTING_KEYS.map((key) => {
    const definition: SettingDefinition<unknown> = SETTINGS[key];
    const { text, origin } = origins[key];
    return {
      name: definition.variable,
      summary: definition.summary,
      value: text === null ? null : showText(definition, text),
      defaultText: definition.defaultText,
      origin,
    };
  });
}

/** The text of `.env.example`: each setting with its default, switched off. */
export function formatEnvironmentExample(): string {
  const entries = SETTING_KEYS.map((key): SettingDefinition<unknown> => SETTINGS[key]).map(
    ({ variable, summary, defaultText }) => `# ${summary}\n#${variable}=${defaultText ?? ''}`,
  );
  return [EXAMPLE_HEAD, ...entries].join('\n\n').concat('\n');
}

const EXAMPLE_HEAD = `# Copy this file to .env and uncomment what you want to change. What is written here are the defaults.
# The environment wins over .env, and .env over config/models.yaml, config/nodes.yaml and temporal-dev.yaml.`;
