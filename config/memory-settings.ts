import { POSTGRES_PORT, REDIS_PORT, readServerUrl, writeServerUrl, type ServerParts } from './server-url.ts';
import type { SettingKey, SettingValues } from './setting-definitions.ts';
import type { MemorySettings } from './settings.ts';

/** Puts what is said of memory and of its servers together. A URL wins over the single parts of the same server. */
export function buildMemory(values: SettingValues): MemorySettings {
  return {
    record: values.record,
    redis: buildRedis(values),
    postgres: buildPostgres(values),
    chroma: values.chromaUrl === undefined ? null : { url: values.chromaUrl },
    embeddingModel: values.embeddingModel,
    retentionDays: values.memoryDays,
    limitBytes: values.memoryLimit,
    recallTokens: values.recallTokens,
  };
}

function buildRedis({ redisUrl, redisHost, redisPort, redisPassword }: SettingValues): MemorySettings['redis'] {
  if (redisUrl !== undefined) return { url: redisUrl };
  if (redisHost === undefined) return null;
  const parts = { host: redisHost, port: redisPort, user: undefined, password: redisPassword, database: undefined };
  return { url: writeServerUrl('redis', parts) };
}

function buildPostgres(values: SettingValues): MemorySettings['postgres'] {
  if (values.postgresUrl !== undefined) return { url: values.postgresUrl };
  if (values.postgresHost === undefined) return null;
  const parts = {
    host: values.postgresHost,
    port: values.postgresPort,
    user: values.postgresUser,
    password: values.postgresPassword,
    database: values.postgresDatabase,
  };
  return { url: writeServerUrl('postgres', parts) };
}

/** A part of a server that may stand by itself and in the URL of that server. */
interface UrlPart {
  readonly key: SettingKey;
  readonly urlKey: 'redisUrl' | 'postgresUrl';
  readonly part: keyof ServerParts;
}

/** Which single settings say again what a URL says. */
export const URL_PARTS: readonly UrlPart[] = [
  { key: 'redisHost', urlKey: 'redisUrl', part: 'host' },
  { key: 'redisPort', urlKey: 'redisUrl', part: 'port' },
  { key: 'redisPassword', urlKey: 'redisUrl', part: 'password' },
  { key: 'postgresHost', urlKey: 'postgresUrl', part: 'host' },
  { key: 'postgresPort', urlKey: 'postgresUrl', part: 'port' },
  { key: 'postgresDatabase', urlKey: 'postgresUrl', part: 'database' },
  { key: 'postgresUser', urlKey: 'postgresUrl', part: 'user' },
  { key: 'postgresPassword', urlKey: 'postgresUrl', part: 'password' },
];

/** Whether a URL is there and says something else of its server than the single setting. */
export function differsFromUrl(values: SettingValues, { key, urlKey, part }: UrlPart): boolean {
  const url = values[urlKey];
  if (url === undefined) return false;
  return values[key] !== readServerUrl(url, urlKey === 'redisUrl' ? REDIS_PORT : POSTGRES_PORT)[part];
}
