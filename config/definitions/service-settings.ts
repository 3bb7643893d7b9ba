import { join } from 'node:path';
import { optional, required } from '../define-setting.ts';
import { existingFile, folderPath, httpUrl, hostName, hostNames, oneOf, port, wholeNumber } from '../parse-values.ts';

/** Folders, logging and the API. */
export const SERVICE_SETTINGS = {
  home: required({
    variable: 'HYDRA_HOME',
    summary: 'Folder of all state: database, logs, results; relative to the project folder',
    defaultText: '.hydra',
    parse: folderPath,
  }),
  cache: required({
    variable: 'HYDRA_CACHE',
    summary: 'Folder of fetched and built programs, shared by all clones',
    defaultText: '~/.cache/hydra',
    parse: folderPath,
    findDefault: findCacheFolder,
  }),
  temporalCli: optional({
    variable: 'HYDRA_TEMPORAL_CLI',
    summary: 'Path of the temporal command, where it is neither on PATH nor in HYDRA_CACHE',
    parse: existingFile,
  }),
  ollamaCommand: optional({
    variable: 'HYDRA_OLLAMA',
    summary: 'Path of the ollama command, where it is neither on PATH nor in HYDRA_CACHE',
    parse: existingFile,
  }),
  releasesUrl: optional({
    variable: 'HYDRA_RELEASES_URL',
    summary: 'Mirror of the pages that releases of these programs are fetched from',
    parse: httpUrl,
  }),
  logLevel: required({
    variable: 'HYDRA_LOG_LEVEL',
    summary: 'What is logged: debug, info, warn or error',
    defaultText: 'info',
    parse: oneOf(['debug', 'info', 'warn', 'error']),
  }),
  apiHost: required({
    variable: 'HYDRA_API_HOST',
    summary: 'Address that the API listens on; another than loopback opens it to the network',
    defaultText: '127.0.0.1',
    parse: hostName,
  }),
  apiPort: required({
    variable: 'HYDRA_API_PORT',
    summary: 'Port of the API',
    // The Python Hydra answered there.
    defaultText: '8001',
    parse: port,
  }),
  metricsPort: optional({
    variable: 'HYDRA_METRICS_PORT',
    summary: 'Port of /metrics in a process without the API (hydra up --role workers); unset: none',
    parse: port,
  }),
  allowedHosts: required({
    variable: 'HYDRA_ALLOWED_HOSTS',
    summary: 'Host names that the API answers to beside loopback names, between commas',
    defaultText: '',
    parse: hostNames,
  }),
  maxOpenRuns: required({
    variable: 'HYDRA_MAX_OPEN_RUNS',
    summary: 'Runs that may be queued or running at once; more are answered 503 with Retry-After',
    // Far more than any fleet works off in an hour, far fewer than an embedded Temporal suffers from.
    defaultText: '1000',
    parse: wholeNumber(1, 100_000),
  }),
  maxBodyBytes: required({
    variable: 'HYDRA_MAX_BODY_BYTES',
    summary: 'Largest request body in bytes',
    // 1 MiB: ten times the longest prompt in UTF-8, and room for the files that come with it. At most half of what Temporal takes.
    defaultText: '1048576',
    parse: wholeNumber(1024, 16 * 1024 * 1024),
  }),
  maxPromptCharacters: required({
    variable: 'HYDRA_MAX_PROMPT_CHARACTERS',
    summary: 'Longest prompt in characters',
    // About 30,000 tokens: the whole context of most local models.
    defaultText: '100000',
    parse: wholeNumber(100, 10_000_000),
  }),
} as const;

/** Where this system keeps what can be fetched again. */
function findCacheFolder(lookUp: (name: string) => string | undefined): string {
  if (process.platform === 'darwin') return '~/Library/Caches/hydra';
  if (process.platform === 'win32') return join(lookUp('LOCALAPPDATA') ?? '~/AppData/Local', 'hydra', 'Cache');
  return join(lookUp('XDG_CACHE_HOME') ?? '~/.cache', 'hydra');
}
