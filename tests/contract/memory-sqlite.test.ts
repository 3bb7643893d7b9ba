import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteMemory } from '../../memory/sqlite/open-sqlite-memory.ts';
import type { Memory } from '../../memory/ports.ts';
import { describeMemoryContract } from './memory-contract.ts';

describeMemoryContract('SQLite', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hydra-memory-'));
  const opened: Memory[] = [];
  return {
    async open(now) {
      const memory = await openSqliteMemory({ folder, ...(now && { now }) });
      opened.push(memory);
      return memory;
    },
    async dispose() {
      for (const memory of opened) await memory.close();
      await rm(folder, { recursive: true });
    },
  };
});
