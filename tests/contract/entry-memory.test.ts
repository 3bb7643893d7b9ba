import { afterAll, beforeAll } from 'vitest';
import { createPostgresTier } from '../../memory/postgres/postgres-tier.ts';
import { createRedisTier } from '../../memory/redis/redis-tier.ts';
import { startRealPostgres, type RealPostgres } from '../support/real-postgres.ts';
import { startRealRedis, type RealRedis } from '../support/real-redis.ts';
import { describeEntryMemory } from './entry-memory-contract.ts';
import { PATIENCE } from './lesson-fixtures.ts';
import { setEntryStage } from './entry-stage.ts';

let redis: RealRedis;
let postgres: RealPostgres;
beforeAll(async () => {
  [redis, postgres] = await Promise.all([startRealRedis(), startRealPostgres()]);
});
afterAll(async () => {
  await Promise.all([redis.end(), postgres.dispose()]);
});

const report = () => {};

async function openEmptyRedis(url: string): Promise<void> {
  const tier = createRedisTier({ identity: 'made-up', url, report });
  await tier.wipe(PATIENCE);
  await tier.close();
}

describeEntryMemory('SQLite alone', () => setEntryStage());

describeEntryMemory('SQLite with Redis', async () => {
  await openEmptyRedis(redis.url);
  return setEntryStage({ redis: () => createRedisTier({ identity: 'made-up', url: redis.url, report }) });
});

describeEntryMemory('SQLite with Redis and Postgres', async () => {
  await openEmptyRedis(redis.url);
  const url = await postgres.createDatabase();
  return setEntryStage({
    redis: () => createRedisTier({ identity: 'made-up', url: redis.url, report }),
    postgres: () => createPostgresTier({ url, report }),
  });
});
