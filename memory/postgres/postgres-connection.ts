import { DatabaseError, type ClientBase, type Pool } from 'pg';
import { SynthesisFailure } from '../../domain/failure.ts';
import { MOST_CONNECTIONS, openPool, STATEMENT_TIMEOUT_MS } from './postgres-pool.ts';
import { createSlots } from './slots.ts';
import { toStoreFailure } from './store-failure.ts';
import { untilAborted } from '../until-aborted.ts';

/** What the stores use of one connection while they have it. Statements take `$1`, `$2` … */
export interface PostgresSession {
  readonly rows: <Row>(sql: string, values?: readonly unknown[]) => Promise<readonly Row[]>;
  /** The first row. */
  readonly row: <Row>(sql: string, values?: readonly unknown[]) => Promise<Row | undefined>;
  /** Returns how many rows were changed. */
  readonly run: (sql: string, values?: readonly unknown[]) => Promise<number>;
}

export type PostgresWork<T> = (session: PostgresSession) => Promise<T>;

/** What the stores of one process share: a few connections, one clock, one way to fail. */
export interface PostgresConnection {
  /** The URL without its password. */
  readonly location: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** The same for what several machines compare; null stands for the server's clock, the one that they share. */
  readonly sharedNow: () => number | null;
  /**
   * Does the work on a connection and turns what goes wrong into a SynthesisFailure. `action` names it, such as `runs.insert`.
   * The signal ends the wait, not always the work: what was asked of the server may still happen.
   */
  readonly perform: <T>(action: string, work: PostgresWork<T>, signal?: AbortSignal) => Promise<T>;
  /** The same in one transaction: all of it, or nothing. */
  readonly transact: <T>(action: string, work: PostgresWork<T>, signal?: AbortSignal) => Promise<T>;
  /** Waits two seconds for what is under way. */
  readonly close: () => Promise<void>;
}

export interface PostgresOptions {
  readonly url: string;
  /** What must have succeeded once before anything else; it is tried again whenever it is asked for. */
  readonly prepare?: () => Promise<void>;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** Connects when something is to be done, and anew after every failure: the server may come and go. */
export function createPostgresConnection({ url, prepare, now }: PostgresOptions): PostgresConnection {
  const location = hidePassword(url);
  const { pool, close } = openPool(url);
  const prepareOnce = prepare && untilSuccess(prepare);
  const slots = createSlots(MOST_CONNECTIONS, STATEMENT_TIMEOUT_MS);
  let closing: Promise<void> | undefined;

  async function perform<T>(action: string, work: PostgresWork<T>, signal?: AbortSignal): Promise<T> {
    try {
      if (closing !== undefined) throw refuseClosed(action, location);
      if (prepareOnce) await untilAborted(prepareOnce(), signal);
      return await slots.use(() => workOnClient(pool, work, signal), signal);
    } catch (error) {
      throw toStoreFailure(error, action, location);
    }
  }

  return {
    location,
    now: now ?? Date.now,
    sharedNow: now ?? (() => null),
    perform,
    transact: (action, work, signal) => perform(action, (session) => inTransaction(session, work), signal),
    close: () => (closing ??= close()),
  };
}

/** The connection's time as ISO 8601 in UTC. */
export function isoNow(connection: PostgresConnection): string {
  return new Date(connection.now()).toISOString();
}

/** The URL as people may see it. Postgres takes a password in two places. */
export function hidePassword(url: string): string {
  const shown = new URL(url);
  shown.password = '';
  shown.searchParams.delete('password');
  return shown.href;
}

/** Does the work until it has succeeded, once at a time. */
function untilSuccess(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  const forget = (error: unknown): never => {
    done = undefined;
    throw error;
  };
  return () => (done ??= work().catch(forget));
}

async function workOnClient<T>(pool: Pool, work: PostgresWork<T>, signal?: AbortSignal): Promise<T> {
  const connecting = pool.connect();
  const client = await untilAborted(connecting, signal).catch((error: unknown) => {
    // One that comes too late is kept for others.
    connecting.then((late) => late.release()).catch(() => {});
    throw error;
  });
  try {
    const outcome = await untilAborted(work(createSession(client)), signal);
    client.release();
    return outcome;
  } catch (error) {
    // After an error of the server or a refusal of ours the connection is sound. After any other nobody knows; after an abort,
    // whatever its reason, the server still works on what was asked.
    const isSound = error instanceof DatabaseError || error instanceof SynthesisFailure;
    client.release(!isSound || signal?.aborted === true);
    throw error;
  }
}

async function inTransaction<T>(session: PostgresSession, work: PostgresWork<T>): Promise<T> {
  await session.run('BEGIN');
  try {
    const outcome = await work(session);
    await session.run('COMMIT');
    return outcome;
  } catch (error) {
    // Whatever this says, the first error is the one to know; a broken connection rolls back by itself.
    await session.run('ROLLBACK').catch(() => {});
    throw error;
  }
}

function createSession(client: ClientBase): PostgresSession {
  const query = (text: string, values: readonly unknown[] = []) =>
    client.query({ name: nameStatement(text), text, values: [...values] });
  const rows = async <Row>(sql: string, values?: readonly unknown[]) => (await query(sql, values)).rows as Row[];
  return {
    rows,
    row: async <Row>(sql: string, values?: readonly unknown[]) => (await rows<Row>(sql, values))[0],
    run: async (sql, values) => (await query(sql, values)).rowCount ?? 0,
  };
}

const statementNames = new Map<string, string>();

/** Under a name, each connection has a statement parsed and planned once. Ours are constants, so that there are few. */
function nameStatement(sql: string): string {
  const name = statementNames.get(sql) ?? `hydra_${statementNames.size}`;
  statementNames.set(sql, name);
  return name;
}

function refuseClosed(action: string, location: string): SynthesisFailure {
  return new SynthesisFailure('StoreUnavailable', 'The database was closed.', { action, location });
}
