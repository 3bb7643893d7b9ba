import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { loadTemporalDev, TEMPORAL_DEV_HOST, toServerFlags } from '../../config/load-temporal-dev.ts';
import { findFreePort } from './free-port.ts';
import { startRealServer, type RealServer } from './real-server.ts';

const PROJECT_FOLDER = join(import.meta.dirname, '../..');

/** Starts the Temporal server of the delivered `temporal-dev.yaml` on free ports, with its database in the folder. */
export async function startRealTemporal(
  program: string,
  folder: string,
): Promise<RealServer & { readonly address: string }> {
  const { config } = loadTemporalDev(PROJECT_FOLDER);
  if (config === null) throw new Error('temporal-dev.yaml is missing or wrong.');
  const [port, uiPort] = [await findFreePort(), await findFreePort()];
  const address = `${TEMPORAL_DEV_HOST}:${port}`;
  const server = await startRealServer({
    program,
    args: toServerFlags(config, { databaseFile: join(folder, config.database_file), port, uiPort }),
    isReady: () => answers(address),
  });
  return { ...server, address };
}

async function answers(address: string): Promise<boolean> {
  try {
    const connection = await Connection.connect({ address, connectTimeout: 500 });
    await connection.close();
    return true;
  } catch {
    return false;
  }
}
