import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { SynthesisFailure } from '../../domain/failure.ts';

const run = promisify(execFile);

export interface SystemUser {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Whom Postgres runs as: it refuses to be root, so for root that is the user that its package makes. Undefined: whoever we are.
 * Errors: SynthesisFailure when there is no such user.
 */
export async function findPostgresUser(): Promise<SystemUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  try {
    const [uid, gid] = await Promise.all(['-u', '-g'].map((flag) => run('id', [flag, 'postgres'])));
    return { uid: Number(uid?.stdout), gid: Number(gid?.stdout) };
  } catch {
    throw new SynthesisFailure(
      'StoreUnavailable',
      'Postgres refuses to run as root, and this machine has no user "postgres". Run the command as another user than root.',
    );
  }
}
