import { existsSync } from 'node:fs';
import { loadClientConfigProfile, toClientOptions, type ClientConfigProfile } from '@temporalio/envconfig';
import type { Texts } from './read-setting-files.ts';
import { TEMPORAL_DEV_HOST, type TemporalDevConfig } from './load-temporal-dev.ts';
import type { SettingValues } from './setting-definitions.ts';
import type { SettingProblem } from './setting-problem.ts';
import type { Settings } from './settings.ts';

type TemporalSettings = Settings['temporal'];

/**
 * Decides which Temporal is meant: ours, started from `temporal-dev.yaml`, or the one that Temporal's own environment names
 * or a `temporal.toml` name.
 */
export function resolveTemporal(
  values: SettingValues,
  variables: Texts,
  dev: TemporalDevConfig | null,
): { readonly temporal: TemporalSettings; readonly problems: readonly SettingProblem[] } {
  const ours = ownServer(values, dev);
  if (values.temporalConfigFile !== undefined && !existsSync(values.temporalConfigFile)) {
    return {
      temporal: ours,
      problems: [toProblem('TEMPORAL_CONFIG_FILE', 'a file that exists', values.temporalConfigFile)],
    };
  }
  try {
    const profile = loadProfile(values, variables);
    return { temporal: isNamed(values, profile) ? foreignServer(ours, profile) : ours, problems: [] };
  } catch (error) {
    const [firstLine = ''] = String(error instanceof Error ? error.message : error).split('\n');
    return { temporal: ours, problems: [toProblem('temporal.toml', firstLine, values.temporalProfile ?? '')] };
  }
}

function ownServer(values: SettingValues, dev: TemporalDevConfig | null): TemporalSettings {
  return {
    managed: true,
    address: `${TEMPORAL_DEV_HOST}:${values.temporalPort}`,
    namespace: dev?.namespace ?? 'default',
    uiPort: values.temporalUiPort,
    tls: false,
    ...(dev === null ? {} : { dev: { ...dev, port: values.temporalPort, ui_port: values.temporalUiPort } }),
  };
}

function foreignServer(ours: TemporalSettings, profile: ClientConfigProfile): TemporalSettings {
  // Reads the certificates, so that a missing file is told now.
  const { connectionOptions } = toClientOptions(profile);
  return {
    managed: false,
    // What Temporal's own tools take where only another part of the profile is set.
    address: profile.address ?? 'localhost:7233',
    namespace: profile.namespace ?? 'default',
    uiPort: ours.uiPort,
    tls: connectionOptions.tls !== undefined && connectionOptions.tls !== false && connectionOptions.tls !== null,
    ...(profile.apiKey === undefined ? {} : { apiKey: profile.apiKey }),
    profile,
  };
}

function loadProfile(values: SettingValues, variables: Texts): ClientConfigProfile {
  const { temporalConfigFile } = values;
  const file: Texts = temporalConfigFile === undefined ? {} : { TEMPORAL_CONFIG_FILE: temporalConfigFile };
  return loadClientConfigProfile({ configFileStrict: true, overrideEnvVars: { ...variables, ...file } });
}

function isNamed(values: SettingValues, profile: ClientConfigProfile): boolean {
  const named = [
    profile.address,
    values.temporalNamespace,
    values.temporalApiKey,
    values.temporalProfile,
    values.temporalConfigFile,
  ];
  return named.some((value) => value !== undefined);
}

function toProblem(name: string, rule: string, value: string): SettingProblem {
  const fix = 'set TEMPORAL_CONFIG_FILE and TEMPORAL_PROFILE, or unset them for a server of our own';
  return { name, rule, value, origin: 'environment', fix };
}
