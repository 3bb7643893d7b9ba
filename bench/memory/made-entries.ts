import { randomBytes } from 'node:crypto';
import type { EntryId, RunId } from '../../domain/ids.ts';
import type { NewEntry } from '../../domain/memory-entry.ts';
import { hashText } from '../../memory/content-hash.ts';
import { createEntryId } from '../../memory/entry-id.ts';

/** Verified work whose code has this size. The code is random text, so that nothing can be packed. */
export function makeEntry(name: string, sizeBytes: number): NewEntry {
  const code = randomBytes(sizeBytes).toString('base64').slice(0, sizeBytes);
  const value = { kind: 'work', language: 'python', request: name, contract: '', code, tests: '' } as const;
  const place = { namespace: 'bench', kind: 'work', key: hashText(name) } as const;
  return { ...place, value, text: name, runId: 'run-bench' as RunId, expiresAt: null };
}

/** An ID under which nothing is kept. */
export function makeMissingId(index: number): EntryId {
  return createEntryId({ namespace: 'bench', kind: 'work', key: hashText(`missing ${index}`) });
}
