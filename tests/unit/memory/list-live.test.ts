import { expect, test } from 'vitest';
import { listLive } from '../../../memory/entries/list-live.ts';
import type { EntryFilter, EntryRecord } from '../../../memory/entry-ports.ts';
import type { EntryId } from '../../../domain/ids.ts';
import type { MemoryEntry } from '../../../domain/memory-entry.ts';

test('a walk through very many tombstones leaves others their turn', async () => {
  let pages = 0;
  async function list({ limit }: EntryFilter): Promise<readonly MemoryEntry[]> {
    pages += 1;
    if (pages === 1_000) return [];
    return Array.from({ length: limit }, () => ({ id: `${pages}` as EntryId, isDeleted: true }) as MemoryEntry);
  }
  const record = { list } as Partial<EntryRecord> as EntryRecord;
  let pagesBeforeTurn = 0;
  setImmediate(() => (pagesBeforeTurn = pages));
  for await (const entry of listLive(record, { limit: 2 }, Date.now)) expect(entry).toBeUndefined();
  expect(pages).toBe(1_000);
  expect(pagesBeforeTurn).toBe(1);
});
