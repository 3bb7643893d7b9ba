import type { Command } from 'commander';
import { loadSettings } from '../config/load-settings.ts';
import type { SettingOrigins } from '../config/read-values.ts';
import { formatProblems } from '../config/setting-problem.ts';
import type { Settings } from '../config/settings.ts';
import { createApiClient } from './api-client.ts';
import type { ApiClient } from './api-client.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import { stripControls } from './strip-controls.ts';
import type { Terminal } from './terminal.ts';

/** What every command is given. */
export interface CommandContext {
  readonly environment: NodeJS.ProcessEnv;
  /** Project folder: holds `.env`, `config/` and `package.json`. */
  readonly folder: string;
  readonly version: string;
  readonly terminal: Terminal;
  /** The exit code of the command that was run. */
  setExitCode(code: number): void;
}

/** Options that every command which talks to the service has. */
export interface ServiceOptions {
  readonly api?: string;
  readonly json?: boolean;
}

/** Adds `--json` and `--api` to a command. */
export function addServiceOptions(command: Command): Command {
  return addJsonOption(command).option('--api <url>', 'another service than the one of the settings');
}

/** Adds `--json` to a command. */
export function addJsonOption(command: Command): Command {
  return command.option('--json', 'print JSON instead of text');
}

/** Errors: CommandError with every wrong setting in one report, exit code 78. */
export function requireSettings(context: CommandContext): {
  readonly settings: Settings;
  readonly origins: SettingOrigins;
} {
  const loaded = loadSettings({ environment: context.environment, folder: context.folder });
  if (!loaded.ok) throw new CommandError(EXIT.settings, formatProblems(loaded.problems));
  return loaded;
}

/** The client of the service that the command is meant for. */
export function openClient(context: CommandContext, options: ServiceOptions): ApiClient {
  if (options.api === undefined) return createApiClient(toApiUrl(requireSettings(context).settings));
  if (!/^https?:\/\//.test(options.api) || !URL.canParse(options.api)) {
    throw new CommandError(EXIT.usage, `--api must be a URL such as http://localhost:8001; seen: "${options.api}".`);
  }
  return createApiClient(options.api.replace(/\/+$/, ''));
}

const LOCAL_ADDRESSES = ['127.0.0.1', '0.0.0.0', '::', '::1'];

/** Where the service of these settings answers. */
export function toApiUrl({ api }: Settings): string {
  const host = LOCAL_ADDRESSES.includes(api.host) ? 'localhost' : api.host;
  return `http://${host.includes(':') ? `[${host}]` : host}:${api.port}`;
}

/** Prints a value as JSON, or what `describe` makes of it: much of that was written by models and must not steer a terminal. */
export function printAnswer<Value>(
  { terminal }: CommandContext,
  options: ServiceOptions,
  value: Value,
  describe: (value: Value) => readonly string[],
): void {
  if (options.json) terminal.print(JSON.stringify(value, null, 2));
  else for (const line of describe(value)) terminal.tell(stripControls(line));
}
