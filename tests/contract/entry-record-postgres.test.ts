import { afterAll, beforeAll } from 'vitest';
import { openPostgresMemory } from '../../memory/postgres/open-postgres-memory.ts';
import type { Memory } from '../../memory/ports.ts';
import { startRealPostgres, type RealPostgres } from '../support/real-postgres.ts';
import { describeEntryProcesses, type SharedRecordHarness } from './entry-processes-contract.ts';
import { describeEntryRecord } from './entry-record-contract.ts';

let postgres: RealPostgres;
beforeAll(async () => {
  postgres = await startRealPostgres();
});
afterAll(async () => postgres.dispose());

async function createHarness(): Promise<SharedRecordHarness> {
  const url = await postgres.createDatabase();
  const opened: Memory[] = [];
  return {
    place: url,
    async open(now) {
      const memory = await openPostgresMemory({ url, ...(now && { now }) });
      opened.push(memory);
      return memory.entries;
    },
    async dispose() {
      for (const memory of opened) await memory.close();
    },
  };
}

describeEntryRecord('Postgres', createHarness);
describeEntryProcesses('postgres', createHarness);
