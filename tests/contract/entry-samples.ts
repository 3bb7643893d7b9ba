import type { EntryId, RunId } from '../../domain/ids.ts';
import type { EntryKind, EntryPlace, NewEntry } from '../../domain/memory-entry.ts';
import { hashText } from '../../memory/content-hash.ts';
import { createEntryId } from '../../memory/entry-id.ts';
import type { EntryRecord, RelayTarget } from '../../memory/entry-ports.ts';
import { createResult } from './memory-fixtures.ts';

/** Verified code that does what the words say. */
export function someWork(words: string, changes: Partial<NewEntry> = {}): NewEntry {
  const value = { kind: 'work', language: 'python', request: words, contract: '', code: 'pass', tests: '' } as const;
  const entry = { namespace: 'default', kind: 'work', value, text: words, runId: 'run' as RunId } as const;
  return { ...entry, key: hashText(words), expiresAt: null, ...changes };
}

/** An error and its fix. */
export function someLesson(words: string, changes: Partial<NewEntry> = {}): NewEntry {
  const value = { kind: 'lesson', language: 'python', error: words, fix: '-a\n+b' } as const;
  return someWork(words, { kind: 'lesson', value, ...changes });
}

/** A verified answer with its program. */
export function someAnswer(key: string, program = 'program', changes: Partial<NewEntry> = {}): NewEntry {
  const result = { ...createResult('verified'), programHash: hashText(program) };
  const value = { kind: 'answer', result, texts: { [hashText(program)]: program } } as const;
  return someWork(key, { kind: 'answer', value, text: '', ...changes });
}

/** What a text means, made up. */
export function someEmbedding(text: string, changes: Partial<NewEntry> = {}): NewEntry {
  const value = { kind: 'embedding', model: 'made-up', vector: [0.25, -1, 3] } as const;
  return someWork(text, { kind: 'embedding', value, text: '', ...changes });
}

/** One of each kind. */
export const ONE_OF_EACH: Readonly<Record<EntryKind, (words: string) => NewEntry>> = {
  answer: (words) => someAnswer(words),
  work: (words) => someWork(words),
  lesson: (words) => someLesson(words),
  embedding: (words) => someEmbedding(words),
};

/** The ID that the record gives an entry. */
export function idOf(place: EntryPlace): EntryId {
  return createEntryId(place);
}

/** IDs of everything that waits for a copy, oldest first. */
export async function waitingFor(record: EntryRecord, target: RelayTarget): Promise<readonly EntryId[]> {
  return (await record.readOutbox(target, 10_000)).map((row) => row.id);
}

/** The copy has everything that waits now. */
export async function acknowledgeAll(record: EntryRecord, target: RelayTarget): Promise<void> {
  const last = (await record.readOutbox(target, 10_000)).at(-1);
  if (last !== undefined) await record.acknowledge(target, last.sequence);
}
