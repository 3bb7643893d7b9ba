import { join } from 'node:path';
import { cacheFolder, readEnvironment, readPrograms } from '../../bootstrap.mjs';
import { loadTemporalDev } from '../../config/load-temporal-dev.ts';
import {
  startTemporalDevServer,
  type TemporalDevServer,
  type TemporalDevServerOptions,
} from '../../workers/temporal-dev-server.ts';

/** The temporal command that set-up has found. */
export function findTemporalCommand(): string {
  const command = process.env.HYDRA_TEMPORAL_CLI ?? readPrograms(cacheFolder(readEnvironment()))?.temporal?.path;
  if (command === undefined) throw new Error('Temporal is not set up for tests: run npm test once.');
  return command;
}

/** Starts the Temporal server of the delivered `temporal-dev.yaml` at another place. */
export function startOwnTemporal(
  options: Pick<TemporalDevServerOptions, 'folder'> & Partial<TemporalDevServerOptions>,
): Promise<TemporalDevServer> {
  const { config } = loadTemporalDev(join(import.meta.dirname, '../..'));
  if (config === null) throw new Error('temporal-dev.yaml is missing or wrong.');
  return startTemporalDevServer({
    executable: findTemporalCommand(),
    devConfig: config,
    logFile: join(options.folder, 'temporal.log'),
    ...options,
  });
}
