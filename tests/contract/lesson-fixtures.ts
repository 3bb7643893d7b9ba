import { setMaxListeners } from 'node:events';
import type { EntryId, RunId } from '../../domain/ids.ts';
import type { EntryPlace, KeptEntry, NewEntry, Tombstone } from '../../domain/memory-entry.ts';
import { hashText } from '../../memory/content-hash.ts';
import { createEntryId } from '../../memory/entry-id.ts';

/** A signal that never ends anything, however many listen. */
export const PATIENCE = new AbortController().signal;
setMaxListeners(0, PATIENCE);

/** The place of a lesson with this name. */
export function placeOf(name: string, namespace = 'default'): EntryPlace {
  return { namespace, kind: 'lesson', key: hashText(name) };
}

/** The ID of the lesson with this name. */
export function idOf(name: string): EntryId {
  return createEntryId(placeOf(name));
}

/** A lesson that says `content`. */
export function aNewEntry(name: string, content: string, expiresAt: string | null = null): NewEntry {
  const value = { kind: 'lesson', language: 'python', error: name, fix: content } as const;
  return { ...placeOf(name), value, text: `${name} ${content}`, runId: 'run' as RunId, expiresAt };
}

/** The same as a record would give it out. */
export function aKeptEntry(name: string, version: number, change: Partial<KeptEntry> = {}): KeptEntry {
  const at = '2026-01-01T00:00:00.000Z';
  const content = `version ${version}`;
  const head = { id: idOf(name), version, updatedAt: at, createdAt: at, isDeleted: false } as const;
  return { ...aNewEntry(name, content), ...head, ...change };
}

/** What is left of the lesson with this name. */
export function aTombstone(name: string, version: number): Tombstone {
  return { ...placeOf(name), id: idOf(name), version, updatedAt: '2026-01-01T00:00:00.000Z', isDeleted: true };
}

/** What the fixture's lesson says; null where there is none. */
export function contentOf(entry: KeptEntry | undefined): string | null {
  return entry?.value.kind === 'lesson' ? entry.value.fix : null;
}
