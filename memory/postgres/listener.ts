import { setTimeout as wait } from 'node:timers/promises';
import { Client, escapeIdentifier } from 'pg';
import { CONNECT_TIMEOUT_MS } from './postgres-pool.ts';

/** A connection that hears what others tell, and is made again whenever it is lost. */
export interface Listener {
  close(): void;
}

export interface ListenerOptions {
  readonly url: string;
  readonly channel: string;
  readonly onMessage: (message: string) => void;
  /**
   * Called when messages may have been missed: whenever listening has begun, and every few seconds, because a proxy that shares
   * connections keeps messages to itself.
   */
  readonly onDoubt: () => void;
}

/** A server that is back is heard again within a second. */
const RETRY_MS = 500;
/** How often a connection on which nobody speaks is asked whether it still is one. */
const HEARTBEAT_MS = 5000;

/** Begins to listen in the background. Whoever listens also reads by himself, so a message that is late costs time only. */
export function openListener(options: ListenerOptions): Listener {
  const closing = new AbortController();
  void listenUntil(closing.signal, options);
  return { close: () => closing.abort() };
}

async function listenUntil(signal: AbortSignal, options: ListenerOptions): Promise<void> {
  while (!signal.aborted) {
    await listenOnce(signal, options).catch(() => {});
    await wait(RETRY_MS, undefined, { signal }).catch(() => {});
  }
}

/** Listens until the connection is lost or the signal ends. */
async function listenOnce(signal: AbortSignal, options: ListenerOptions): Promise<void> {
  const client = new Client({
    connectionString: options.url,
    application_name: 'hydra listener',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: CONNECT_TIMEOUT_MS,
    keepAlive: true,
  });
  const lost = new AbortController();
  // Without a listener the error would end the process.
  client.on('error', () => lost.abort());
  client.once('end', () => lost.abort());
  const ended = AbortSignal.any([signal, lost.signal]);
  client.on('notification', ({ payload = '' }) => options.onMessage(payload));
  try {
    await client.connect();
    await client.query(`LISTEN ${escapeIdentifier(options.channel)}`);
    for (;;) {
      options.onDoubt();
      await wait(HEARTBEAT_MS, undefined, { signal: ended }).catch(() => {});
      if (ended.aborted) return;
      await client.query('SELECT 1');
    }
  } finally {
    client.end().catch(() => {});
  }
}
