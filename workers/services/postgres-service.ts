import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { POSTGRES_PORT, writeServerUrl } from '../../config/server-url.ts';
import { howToInstall } from './how-to-install.ts';
import type { MemoryService } from './memory-service.ts';
import { findPostgresUser } from './find-postgres-user.ts';
import { choosePostgresFolder, listPostgresFolders } from './find-postgres.ts';
import { createCluster } from './create-cluster.ts';

const run = promisify(execFile);

/** Postgres: the long-term tier, or the system of record for several machines. */
export const POSTGRES_SERVICE: MemoryService = {
  name: 'postgres',
  purpose: 'keeps the long term',
  variable: 'POSTGRES_URL',
  usualPort: POSTGRES_PORT,
  hasPassword: true,
  keepsLogin: true,
  user: 'hydra',
  database: 'hydra',
  // The fast shutdown; SIGTERM would wait until every client has left.
  stopSignal: 'SIGINT',
  urlOf: ({ postgres }) => postgres?.url ?? null,
  writeUrl: ({ host, port, user, password, database }) =>
    writeServerUrl('postgres', {
      host,
      port,
      user: user ?? undefined,
      password: password ?? undefined,
      database: database ?? undefined,
    }),
  async prepare({ dataFolder, environment }, access) {
    const folders = listPostgresFolders(environment);
    if (folders.length === 0) return howToInstall('Postgres', INSTALL);
    const cluster = join(dataFolder, 'cluster');
    const user = await findPostgresUser();
    const programs = await choosePostgresFolder(folders, cluster);
    await createCluster({ programs, cluster, access, ...(user && { user }) });
    const address = ['-h', '127.0.0.1', '-p', String(access.port)];
    return {
      executable: join(programs, 'postgres'),
      // Without a socket file: everyone on this machine could open it, and its path may be too long.
      args: ['-D', cluster, ...address, '-c', 'unix_socket_directories='],
      environment: { ...environment, LC_ALL: 'C' },
      ...(user && { user }),
      isServing: () =>
        run(join(programs, 'pg_isready'), [...address, '-q']).then(
          () => true,
          () => false,
        ),
    };
  },
};

const INSTALL = {
  debian: 'sudo apt-get install postgresql',
  mac: 'brew install postgresql@17',
  other: 'Get it from https://www.postgresql.org/download and put its bin folder on PATH.',
};
