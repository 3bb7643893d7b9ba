import { startRealChroma, hasRealChroma, type RealChroma } from '../../tests/support/real-chroma.ts';
import { startRealPostgres, type RealPostgres } from '../../tests/support/real-postgres.ts';
import { startRealRedis, type RealRedis } from '../../tests/support/real-redis.ts';

/** The real servers of one run of the bench, in folders of their own. */
export interface BenchServers {
  readonly redis: RealRedis;
  readonly postgres: RealPostgres;
  readonly chroma: RealChroma;
  stop(): Promise<void>;
}

/** Starts them as tests do. Errors: when set-up could not bring one of them. */
export async function startBenchServers(): Promise<BenchServers> {
  if (!hasRealChroma()) throw new Error('Chroma is not set up: use npm run bench:memory.');
  const [redis, postgres, chroma] = await Promise.all([startRealRedis(), startRealPostgres(), startRealChroma()]);
  return {
    redis,
    postgres,
    chroma,
    async stop() {
      await Promise.all([redis.end(), postgres.dispose(), chroma.end()]);
    },
  };
}
