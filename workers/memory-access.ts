import type { ApiDeps } from '../api/api-deps.ts';
import type { MemorySettings } from '../config/settings.ts';
import { exportLines } from '../memory/entries/export-lines.ts';
import { importLines } from '../memory/entries/import-lines.ts';
import type { EntryMemory, EntryRetention } from '../memory/entry-ports.ts';

/** What the API needs of what is remembered. */
type MemoryAccess = Pick<ApiDeps, 'entries' | 'exportEntries' | 'importEntries' | 'entryRetention'>;

/** One look into the record reads them at once, in milliseconds also where each is an answer with a large program. */
const EXPORT_PAGE = 50;

export function createMemoryAccess(entries: EntryMemory, settings: MemorySettings): MemoryAccess {
  return {
    entries,
    exportEntries: (filter) => exportLines(entries.list({ ...filter, limit: EXPORT_PAGE })),
    importEntries: (lines) => importLines(lines, (entry) => entries.adopt(entry)),
    entryRetention: () => toEntryRetention(settings),
  };
}

const DAY_MS = 86_400_000;
/** A copy that comes back after a month is rather rebuilt; until then a tombstone keeps it from bringing back what is gone. */
const TOMBSTONE_DAYS = 30;

/** What the settings let stay, as of now. */
export function toEntryRetention({ retentionDays, limitBytes }: MemorySettings): EntryRetention {
  const daysAgo = (days: number): string => new Date(Date.now() - days * DAY_MS).toISOString();
  return { before: daysAgo(retentionDays), limitBytes, tombstonesBefore: daysAgo(TOMBSTONE_DAYS) };
}
