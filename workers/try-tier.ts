import type { MemorySettings } from '../config/settings.ts';
import { createChromaVectorIndex } from '../memory/chroma/chroma-vector-index.ts';
import { createPostgresConnection } from '../memory/postgres/postgres-connection.ts';
import { createRedisTier } from '../memory/redis/redis-tier.ts';

/** What is asked of a server once, and how that ends. */
interface Question {
  ask(signal: AbortSignal): Promise<unknown>;
  close(): Promise<void>;
}

/** Opens the servers that settings name. Nothing is made in them. */
const QUESTIONS = {
  redis: (memory: MemorySettings) => memory.redis && askRedis(memory.redis.url),
  postgres: (memory: MemorySettings) => memory.postgres && askPostgres(memory.postgres.url),
  chroma: (memory: MemorySettings) => memory.chroma && askChroma(memory.chroma.url, memory.embeddingModel),
};

/** Which record it is asked for: none, since nothing is kept. */
const NOBODY = 'nobody';

/** A server that settings can name. */
export type ServerName = keyof typeof QUESTIONS;
export const SERVER_NAMES = Object.keys(QUESTIONS) as readonly ServerName[];

/** What came of asking a server: `off` where no setting names it; else why it did not answer, or null when it did. */
export type Trial = 'off' | { readonly problem: string | null };

/** Asks one of the servers of the settings whether it serves us, login included. */
export async function tryServer(name: ServerName, memory: MemorySettings, timeoutMs: number): Promise<Trial> {
  const question = QUESTIONS[name](memory);
  if (question === null) return 'off';
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    await question.ask(signal);
    return { problem: null };
  } catch (error) {
    if (signal.aborted) return { problem: 'no answer in time' };
    return { problem: error instanceof Error ? error.message : String(error) };
  } finally {
    await question.close();
  }
}

function askRedis(url: string): Question {
  const tier = createRedisTier({ url, identity: NOBODY, report: () => {} });
  return { ask: (signal) => tier.ping(signal), close: () => tier.close() };
}

function askPostgres(url: string): Question {
  const { perform, close } = createPostgresConnection({ url });
  return { ask: (signal) => perform('doctor.look', (session) => session.row('SELECT 1'), signal), close };
}

function askChroma(url: string, model: string): Question {
  const index = createChromaVectorIndex({ url, identity: NOBODY, model });
  return { ask: (signal) => index.ping(signal), close: () => index.close() };
}
