import type { KeptEntry } from '../../domain/memory-entry.ts';
import type { EntryFilter, EntryRecord } from '../entry-ports.ts';
import { isLive } from '../entry-schema.ts';

/** All entries behind the filter's that may be used now, read in pages of its limit; between two pages others get their turn. */
export async function* listLive(record: EntryRecord, filter: EntryFilter, now: () => number): AsyncIterable<KeptEntry> {
  let page = await record.list(filter);
  while (page.length > 0) {
    for (const entry of page) if (isLive(entry, now())) yield entry;
    const last = page.at(-1);
    if (last === undefined || page.length < filter.limit) return;
    // SQLite answers at once: pages of nothing but tombstones would leave no turn to anybody else.
    await new Promise(setImmediate);
    page = await record.list({ ...filter, after: last.id });
  }
}
