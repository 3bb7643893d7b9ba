import { Redis } from 'ioredis';
import { SynthesisFailure } from '../../domain/failure.ts';

/** A connection that is made again and again for as long as it is open. */
export interface RedisConnection {
  /**
   * Sends one command; nothing waits for a connection. `prefix` is for keys of the server as it runs now.
   * Errors: SynthesisFailure of type StoreUnavailable with the reason, at the latest when the signal ends.
   */
  ask<Reply>(signal: AbortSignal, command: (client: Redis, prefix: string) => Promise<Reply>): Promise<Reply>;
  close(): void;
}

/** All keys of Hydra's entries begin with it; no others are touched. */
export const KEY_PREFIX = 'hydra:entry:';

/** A server that was restarted is used again within a second, and one that is gone for good is hardly bothered. */
const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 1_000;
/** A connection that was silent for so long while it owed an answer is given up: a new one may come through. */
const SILENCE_MS = 2_000;
/** 48 of the 160 random bits of a run ID: enough to tell the lives of one server apart. */
const GENERATION_LENGTH = 12;

/**
 * Connects in the background.
 * Each life of the server has keys of its own, named after its run ID: a server that comes back with data of some time ago, from
 * a snapshot or as a replica, missed changes that it had confirmed. The old keys are never read again and expire.
 */
export function openRedisConnection(url: string): RedisConnection {
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
  let settle = (): void => {};
  const settled = new Promise<void>((resolve) => (settle = resolve));
  const fail = (error: Error) => {
    reason = error.message;
    settle();
  };
  client.on('error', fail);
  client.on('close', () => (generation = null));
  client.on(
    'ready',
    () =>
      void readGeneration(client)
        .then((read) => (generation = read), fail)
        .then(settle),
  );
  return {
    async ask(signal, command) {
      // Right after the start nobody knows yet, and it is only a moment.
      await untilAborted(signal, settled);
      if (generation === null) throw unavailable(reason);
      return untilAborted(signal, command(client, `${KEY_PREFIX}${generation}:`)).catch((error: unknown) => {
        throw error instanceof SynthesisFailure ? error : unavailable((error as Error).message, error);
      });
    },
    close: () => client.disconnect(),
  };
}

async function readGeneration(client: Redis): Promise<string> {
  const runId = /^run_id:(\w+)/m.exec(await client.info('server'))?.[1];
  if (runId === undefined) throw new Error('It does not tell its run_id, so it cannot be seen when it was restarted.');
  return runId.slice(0, GENERATION_LENGTH);
}

async function untilAborted<Reply>(signal: AbortSignal, reply: Promise<Reply>): Promise<Reply> {
  let end = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    end = () => reject(unavailable('It did not answer in time.', signal.reason));
    if (signal.aborted) end();
    else signal.addEventListener('abort', end);
  });
  return Promise.race([reply, aborted]).finally(() => signal.removeEventListener('abort', end));
}

function unavailable(reason: string, cause?: unknown): SynthesisFailure {
  return new SynthesisFailure('StoreUnavailable', `Redis: ${reason}`, {}, { cause });
}
