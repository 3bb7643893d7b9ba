import { Socket } from 'node:net';
import { Pool, TypeOverrides, types, type CustomTypesConfig } from 'pg';

/** Where all tables are, so that the database may be shared with others, and copied as one. */
export const SCHEMA = 'hydra';

/** A server takes 100 connections by default; this leaves room for a dozen processes and for people. */
export const MOST_CONNECTIONS = 6;
/** A server that is there answers within milliseconds, on the other side of the world within one second. */
export const CONNECT_TIMEOUT_MS = 2000;
/** How long one statement may take, and how long work waits for its turn; ours take milliseconds. */
export const STATEMENT_TIMEOUT_MS = 10_000;
/** For a server that went away without a word: a little more than it allows itself. */
const ANSWER_TIMEOUT_MS = STATEMENT_TIMEOUT_MS + 2000;

/** A process that was stopped in the middle of a transaction must not hold up the others for longer than they wait. */
const IDLE_TRANSACTION_TIMEOUT_MS = STATEMENT_TIMEOUT_MS / 2;

const SETTINGS = `
  SET search_path TO ${SCHEMA};
  SET statement_timeout TO ${STATEMENT_TIMEOUT_MS};
  SET idle_in_transaction_session_timeout TO ${IDLE_TRANSACTION_TIMEOUT_MS}`;

/** The connections of one process. */
export interface OpenPool {
  readonly pool: Pool;
  /** Waits two seconds for what is under way. */
  readonly close: () => Promise<void>;
}

/** Creates a pool that connects when it is asked to, and survives whatever happens to the server. */
export function openPool(url: string): OpenPool {
  const sockets = new Set<Socket>();
  const pool = createPool(url, sockets);
  return {
    pool,
    async close() {
      // A server that went away without a word takes no leave either.
      const impatience = setTimeout(() => sockets.forEach((socket) => socket.destroy()), CONNECT_TIMEOUT_MS);
      await pool.end();
      clearTimeout(impatience);
    },
  };
}

function createPool(url: string, sockets: Set<Socket>): Pool {
  const pool = new Pool({
    connectionString: url,
    application_name: 'hydra',
    max: MOST_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: ANSWER_TIMEOUT_MS,
    keepAlive: true,
    // A program that is done may end, though a connection is still kept for more.
    allowExitOnIdle: true,
    stream: () => track(new Socket(), sockets),
    types: numbersForBigIntegers(),
    // oxlint-disable-next-line typescript/no-misused-promises -- the pool waits for it; its types do not say so
    onConnect: (client) => client.query(SETTINGS),
  });
  // A connection that breaks while nobody uses it, as all do when the server restarts, is replaced by the pool. Without
  // listeners its error would end the process.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

function track(socket: Socket, sockets: Set<Socket>): Socket {
  sockets.add(socket);
  socket.once('close', () => sockets.delete(socket));
  return socket;
}

/** Versions, counts and sizes are far below 2^53; pg would give them as text. */
function numbersForBigIntegers(): CustomTypesConfig {
  const overrides = new TypeOverrides();
  overrides.setTypeParser(types.builtins.INT8, Number);
  return overrides;
}
