import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SynthesisFailure } from '../../domain/failure.ts';
import type { SystemUser } from './find-postgres-user.ts';
import type { ServiceAccess } from './memory-service.ts';

const run = promisify(execFile);

interface NewCluster {
  /** Folder of `initdb` and `postgres`. */
  readonly programs: string;
  /** Where the data are to be; nothing is done where they are already. */
  readonly cluster: string;
  readonly access: ServiceAccess;
  readonly user?: SystemUser;
}

/**
 * Makes a data folder of Postgres with one user and one database: aside first, so that what was interrupted is never taken for whole.
 * Errors: SynthesisFailure when the user may not enter the folder, or `initdb` fails.
 */
export async function createCluster({ programs, cluster, access, user }: NewCluster): Promise<void> {
  if (existsSync(cluster)) return;
  const aside = `${cluster}.unfinished`;
  const passwordFile = `${aside}.password`;
  rmSync(aside, { recursive: true, force: true });
  mkdirSync(aside, { recursive: true, mode: 0o700 });
  writeFileSync(passwordFile, access.password ?? '', { mode: 0o600 });
  if (user) for (const path of [aside, passwordFile]) chownSync(path, user.uid, user.gid);
  try {
    await requireAccess(aside, user);
    const login = ['-U', access.user ?? 'hydra', '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
    await run(join(programs, 'initdb'), ['-D', aside, ...login, '--encoding=UTF8', '--locale=C'], {
      cwd: '/',
      ...user,
    });
    await createDatabase(programs, aside, access.database ?? 'hydra', user);
    chmodSync(aside, 0o700);
    renameSync(aside, cluster);
  } catch (error) {
    if (error instanceof SynthesisFailure) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new SynthesisFailure('StoreUnavailable', `Postgres could not be set up: ${reason}`);
  } finally {
    rmSync(passwordFile, { force: true });
    rmSync(aside, { recursive: true, force: true });
  }
}

/** A folder below one that only root may enter, such as its home, is of no use to another user. */
async function requireAccess(folder: string, user: SystemUser | undefined): Promise<void> {
  if (user === undefined) return;
  try {
    await run('test', ['-w', folder], { cwd: '/', ...user });
  } catch {
    throw new SynthesisFailure(
      'StoreUnavailable',
      `Postgres refuses to run as root, and its own user "postgres" may not enter ${folder}. ` +
        'Run the command as another user than root, or set HYDRA_HOME to a folder that everyone may enter, such as /var/lib/hydra.',
    );
  }
}

/** In the mode for one user it needs no port and no client. */
async function createDatabase(
  programs: string,
  folder: string,
  name: string,
  user: SystemUser | undefined,
): Promise<void> {
  const server = spawn(join(programs, 'postgres'), ['--single', '-D', folder, 'postgres'], {
    cwd: '/',
    stdio: ['pipe', 'ignore', 'pipe'],
    ...user,
  });
  let problems = '';
  server.stderr.on('data', (chunk: Buffer) => (problems += chunk.toString()));
  server.stdin.end(`CREATE DATABASE "${name}";\n`);
  const [code] = (await once(server, 'close')) as [number | null];
  if (code !== 0 || problems.includes('ERROR')) throw new Error(problems.trim());
}
