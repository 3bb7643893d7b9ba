import { DatabaseError } from 'pg';
import { SynthesisFailure } from '../../domain/failure.ts';

/** What people are told, by Postgres's error code or the class that it begins with. The first match counts. */
const EXPLANATIONS: readonly (readonly [string, string])[] = [
  ['28', 'Postgres refused the user or the password.'],
  ['3D', 'Postgres has no such database; create it with memory/postgres/create-db.sql.'],
  ['3F', 'The database has no tables of Hydra.'],
  ['42501', 'The user of the database lacks rights; memory/postgres/create-db.sql gives them.'],
  ['42P01', 'The database lacks tables of Hydra.'],
  ['40', 'Transactions of several processes stood in each other’s way.'],
  ['53100', 'The disk of Postgres is full; free some space.'],
  ['53300', 'Postgres has no connection left for Hydra.'],
  ['55P03', 'Another process holds the database for too long.'],
  ['57014', 'Postgres took too long.'],
  ['57', 'Postgres is starting or stopping.'],
  ['25006', 'This Postgres only reads; name the one that writes.'],
  ['58', 'The disk of Postgres cannot be read or written.'],
  ['XX', 'The database is damaged; restore a backup.'],
];

/** Values that the schema refuses, and statements that are wrong: bugs of ours, which trying again does not mend. */
const BUGS = ['22', '23', '42'];

/** The failure for whatever went wrong at the database; failures of Hydra and errors of our own code are returned as they are. */
export function toStoreFailure(error: unknown, action: string, location: string): unknown {
  if (!(error instanceof Error) || error instanceof SynthesisFailure) return error;
  if (error instanceof TypeError || error instanceof RangeError) return error;
  const code = readCode(error);
  const reason = readReason(error);
  const details = { action, location, code, reason };
  const [type, sentence] = explain(error, code, reason);
  return new SynthesisFailure(type, sentence, details, { cause: error });
}

function explain(
  error: Error,
  code: string | null,
  reason: string,
): readonly ['StoreUnavailable' | 'InvariantBroken', string] {
  if (!(error instanceof DatabaseError) || code === null) return ['StoreUnavailable', explainSilence(error, reason)];
  const explanation = EXPLANATIONS.find(([start]) => code.startsWith(start))?.[1];
  if (explanation !== undefined) return ['StoreUnavailable', explanation];
  if (BUGS.some((start) => code.startsWith(start))) return ['InvariantBroken', 'A row breaks a rule of the database.'];
  return ['StoreUnavailable', 'The database failed.'];
}

/** Without an error of the server: it could not be asked, or did not answer in time. */
function explainSilence(error: Error, reason: string): string {
  const isLate = ['AbortError', 'TimeoutError'].includes(error.name);
  return isLate ? 'Postgres did not answer in time.' : `Postgres cannot be reached: ${reason}`;
}

/** Where a name stands for several addresses, each has a reason of its own; the first says enough. */
function readReason(error: Error): string {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  return first instanceof Error ? first.message : error.message;
}

function readCode(error: Error): string | null {
  return 'code' in error && typeof error.code === 'string' ? error.code : null;
}
