import type { Redis } from 'ioredis';
import type { EntryTier } from '../entry-ports.ts';
import { createStoredEntryReader } from '../stored-entry-reader.ts';
import { KEY_PREFIX, openRedisConnection } from './redis-connection.ts';
import { fromStoredText, toStoredText } from './stored-text.ts';
import { WRITE_IF_NEWER } from './write-if-newer.ts';

export interface RedisTierOptions {
  /** `redis://` or `rediss://`, with what it takes to be let in. */
  readonly url: string;
  /** Of the record: others on the same server have keys of their own. */
  readonly identity: string;
  readonly report: (sentence: string) => void;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** A number from 0 to 1, of which lifetimes are made different. */
  readonly random?: () => number;
}

/** Keys that are looked at in one step of a scan: some hundred microseconds, in which the server does nothing else. */
const SCAN_STEP = 500;
/** Not an ID, so it is in nobody's way. */
const PROBE_KEY = `${KEY_PREFIX}probe`;
/** Long enough to be written at all. */
const PROBE_LIFETIME_MS = 1_000;

/** The hot copy of entries, in Redis. It connects in the background, and again whenever the connection is lost. */
export function createRedisTier(options: RedisTierOptions): EntryTier {
  const { url, identity, report, now = Date.now, random = Math.random } = options;
  const ownPrefix = `${KEY_PREFIX}${identity}:`;
  const connection = openRedisConnection(url, ownPrefix);
  const ask: typeof connection.ask = (signal, command) => connection.ask(signal, command);
  const readJson = createStoredEntryReader('Redis', report);
  return {
    name: 'redis',
    async read(id, signal) {
      const text = await ask(signal, (client, prefix) => client.get(prefix + id));
      const json = text === null ? null : fromStoredText(text);
      return json === null ? undefined : readJson(id, json);
    },
    async write(entries, signal) {
      if (entries.length === 0) return;
      const texts = entries.map((entry) => toStoredText(entry, now(), random()));
      const values = texts.flatMap(({ text, lifetimeMs }) => [text, lifetimeMs]);
      await ask(signal, async (client, prefix) => {
        const keys = entries.map(({ id }) => prefix + id);
        await client.eval(WRITE_IF_NEWER, keys.length, ...keys, ...values);
      });
    },
    // A server that is full, or that only reads, cannot be kept up to date, which makes it as good as away.
    ping: (signal) => ask(signal, async (client) => void (await client.set(PROBE_KEY, '', 'PX', PROBE_LIFETIME_MS))),
    async count(signal) {
      const found = new Set<string>();
      await ask(signal, (client, prefix) =>
        scan(client, prefix, signal, async (keys) => keys.forEach((key) => found.add(key))),
      );
      return found.size;
    },
    wipe: (signal) =>
      ask(signal, (client) => scan(client, ownPrefix, signal, async (keys) => void (await client.unlink(...keys)))),
    onReturn: (listener) => connection.onReady(listener),
    close: async () => connection.close(),
  };
}

/** Goes through all keys with a prefix; some may come twice. */
async function scan(
  client: Redis,
  prefix: string,
  signal: AbortSignal,
  visit: (keys: readonly string[]) => Promise<void>,
): Promise<void> {
  let cursor = '0';
  do {
    const [next, keys] = await client.scan(cursor, 'MATCH', `${prefix}*`, 'COUNT', SCAN_STEP);
    if (keys.length > 0) await visit(keys);
    cursor = next;
  } while (cursor !== '0' && !signal.aborted);
}
