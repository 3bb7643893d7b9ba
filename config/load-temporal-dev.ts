import { join } from 'node:path';
import { z } from 'zod';
import { TEMPORAL_DEV_FILE } from './define-setting.ts';
import { readYamlFile } from './read-setting-files.ts';
import type { SettingProblem } from './setting-problem.ts';
import { toFileProblems } from './file-problems.ts';

const portSchema = z.int().min(1).max(65_535);

/** As the command line of Temporal names them. */
const SEARCH_ATTRIBUTE_TYPES = ['Text', 'Keyword', 'Int', 'Double', 'Bool', 'Datetime', 'KeywordList'] as const;

const temporalDevSchema = z
  .strictObject({
    port: portSchema,
    ui_port: portSchema,
    namespace: z.string().regex(/^[\w.-]+$/, 'a namespace of letters, digits, dots, hyphens and underscores'),
    // The server takes whole days from 1; ten years are for ever.
    retention_days: z.int().min(1).max(3650),
    database_file: z.string().regex(/^[\w.-]+$/, 'a file name without folders; it lies in HYDRA_HOME'),
    log_level: z.enum(['debug', 'info', 'warn', 'error', 'never']),
    sqlite_pragmas: z.record(z.string(), z.union([z.string(), z.number()])),
    dynamic_config: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
    search_attributes: z.record(z.string(), z.enum(SEARCH_ATTRIBUTE_TYPES)),
  })
  .readonly();

/** The content of `temporal-dev.yaml`, checked. */
export type TemporalDevConfig = z.infer<typeof temporalDevSchema>;

/** What the file leaves to the place where the server runs. */
export interface ServerPlace {
  /** Absolute path of the database. */
  readonly databaseFile: string;
  readonly port: number;
  readonly uiPort: number;
}

/** The loopback interface only: a dev server asks nobody who they are. */
export const TEMPORAL_DEV_HOST = '127.0.0.1';

/** Reads `temporal-dev.yaml` of the project folder; null without problems where there is no such file. */
export function loadTemporalDev(folder: string): {
  readonly config: TemporalDevConfig | null;
  readonly problems: readonly SettingProblem[];
} {
  const file = readYamlFile(join(folder, TEMPORAL_DEV_FILE), TEMPORAL_DEV_FILE);
  if (file.content === undefined) return { config: null, problems: file.problems };
  const checked = temporalDevSchema.safeParse(file.content, { reportInput: true });
  return checked.success
    ? { config: checked.data, problems: [] }
    : { config: null, problems: toFileProblems(checked.error, TEMPORAL_DEV_FILE) };
}

/** The arguments of `temporal` that start a server with this configuration. */
export function toServerFlags(config: TemporalDevConfig, place: ServerPlace): string[] {
  const once = {
    '--ip': TEMPORAL_DEV_HOST,
    '--port': place.port,
    '--ui-port': place.uiPort,
    '--namespace': config.namespace,
    '--log-level': config.log_level,
    '--db-filename': place.databaseFile,
  };
  return [
    'server',
    'start-dev',
    ...Object.entries(once).flatMap(([flag, value]) => [flag, String(value)]),
    ...repeatFlag('--sqlite-pragma', config.sqlite_pragmas, String),
    // Values are JSON: a duration keeps its quotes.
    ...repeatFlag('--dynamic-config-value', config.dynamic_config, JSON.stringify),
    ...repeatFlag('--search-attribute', config.search_attributes, String),
  ];
}

function repeatFlag<Value>(
  flag: string,
  entries: Readonly<Record<string, Value>>,
  toText: (value: Value) => string,
): string[] {
  return Object.entries(entries).flatMap(([name, value]) => [flag, `${name}=${toText(value)}`]);
}
