import { Redis } from 'ioredis';
import { SynthesisFailure } from '../../domain/failure.ts';
import { untilAborted } from '../until-aborted.ts';

/** A connection that is made again and again for as long as it is open. */
export interface RedisConnection {
  /**
   * Sends one command; nothing waits for a connection. `prefix` is for keys of the server as it runs now.
   * Errors: SynthesisFailure of type StoreUnavailable with the reason, at the latest when the signal ends.
   */
  ask<Reply>(
    signal: AbortSignal | undefined,
    command: (client: Redis, prefix: string) => Promise<Reply>,
  ): Promise<Reply>;
  /** Calls whenever a connection was made, the first one included. */
  onReady(listener: () => void): void;
  close(): void;
}

/** All keys of Hydra's entries begin with it. */
export const KEY_PREFIX = 'hydra:entry:';

/** A server that was restarted is used again within a second, and one that is gone for good is hardly bothered. */
const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 1_000;
/** A connection that was silent for so long while it owed an answer is given up: a new one may come through. */
const SILENCE_MS = 2_000;
/** 48 of the 160 random bits of a run ID: enough to tell the lives of one server apart. */
const GENERATION_LENGTH = 12;

/**
 * Connects in the background. `ownPrefix` is what all keys of the record begin with.
 * Each life of the server has keys of its own, named after its run ID: a server that comes back with data of some time ago, from
 * a snapshot or as a replica, missed changes that it had confirmed. The old keys are never read again and expire.
 */
export function openRedisConnection(url: string, ownPrefix: string): RedisConnection {
  const client = new Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    // Asks the same question as is asked below.
    enableReadyCheck: false,
    connectTimeout: SILENCE_MS,
    socketTimeout: SILENCE_MS,
    retryStrategy: (attempt) => Math.min(FIRST_RETRY_MS * 2 ** (attempt - 1), LONGEST_RETRY_MS),
  });
  let reason = 'It is not connected.';
  let generation: string | null = null;
  const listeners: (() => void)[] = [];
  let settle = (): void => {};
  const settled = new Promise<void>((resolve) => (settle = resolve));
  const fail = (error: Error) => {
    reason = error.message;
    settle();
  };
  const begin = (read: string) => {
    generation = read;
    settle();
    for (const listener of listeners) listener();
  };
  client.on('error', fail);
  client.on('close', () => (generation = null));
  client.on('ready', () => void readGeneration(client).then(begin, fail));
  return {
    async ask(signal, command) {
      try {
        signal?.throwIfAborted();
        // Right after the start nobody knows yet, and it is only a moment.
        if (generation === null) await untilAborted(settled, signal);
        if (generation === null) throw new Error(reason);
        return await untilAborted(command(client, `${ownPrefix}${generation}:`), signal);
      } catch (error) {
        throw unavailable(describe(error, signal), error);
      }
    },
    onReady: (listener) => void listeners.push(listener),
    close: () => client.disconnect(),
  };
}

async function readGeneration(client: Redis): Promise<string> {
  const runId = /^run_id:(\w+)/m.exec(await client.info('server'))?.[1];
  if (runId === undefined) throw new Error('It does not tell its run_id, so it cannot be seen when it was restarted.');
  return runId.slice(0, GENERATION_LENGTH);
}

/** Without the words in which timers end. */
function describe(error: unknown, signal?: AbortSignal): string {
  return signal?.aborted === true ? 'It did not answer in time.' : (error as Error).message;
}

function unavailable(reason: string, cause?: unknown): SynthesisFailure {
  return new SynthesisFailure('StoreUnavailable', `Redis: ${reason}`, {}, { cause });
}
