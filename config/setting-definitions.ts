import type { SettingDefinition } from './define-setting.ts';
import { DISCOVERY_SETTINGS } from './definitions/discovery-settings.ts';
import { MEMORY_SETTINGS } from './definitions/memory-settings.ts';
import { MODEL_SETTINGS } from './definitions/model-settings.ts';
import { RUN_SETTINGS } from './definitions/run-settings.ts';
import { SERVICE_SETTINGS } from './definitions/service-settings.ts';
import { TEMPORAL_SETTINGS } from './definitions/temporal-settings.ts';
import { TIMEOUT_SETTINGS } from './definitions/timeout-settings.ts';

/**
 * Every setting of Hydra, in the order in which people read them. This table drives parsing, `.env.example` and the listing
 * of `hydra config`. Each default that is not plainly a matter of taste has its reason beside it.
 */
export const SETTINGS = {
  ...SERVICE_SETTINGS,
  ...MODEL_SETTINGS,
  ...DISCOVERY_SETTINGS,
  ...RUN_SETTINGS,
  ...MEMORY_SETTINGS,
  ...TIMEOUT_SETTINGS,
  ...TEMPORAL_SETTINGS,
} as const;

export type SettingKey = keyof typeof SETTINGS;

/** The read values of all settings, by key. */
export type SettingValues = {
  readonly [Key in SettingKey]: (typeof SETTINGS)[Key] extends SettingDefinition<infer Value> ? Value : never;
};

export const SETTING_KEYS = Object.keys(SETTINGS) as readonly SettingKey[];
