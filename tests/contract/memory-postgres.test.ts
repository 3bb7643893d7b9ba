import { afterAll, beforeAll } from 'vitest';
import { openPostgresMemory } from '../../memory/postgres/open-postgres-memory.ts';
import type { Memory } from '../../memory/ports.ts';
import { startRealPostgres, type RealPostgres } from '../support/real-postgres.ts';
import { describeMemoryContract } from './memory-contract.ts';

let postgres: RealPostgres;
beforeAll(async () => {
  postgres = await startRealPostgres();
});
afterAll(async () => postgres.dispose());

describeMemoryContract('Postgres', async () => {
  const url = await postgres.createDatabase();
  const opened: Memory[] = [];
  return {
    async open(now) {
      const memory = await openPostgresMemory({ url, ...(now && { now }) });
      opened.push(memory);
      return memory;
    },
    async dispose() {
      for (const memory of opened) await memory.close();
    },
  };
});
