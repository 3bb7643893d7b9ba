import type { MemoryEntry } from '../../domain/memory-entry.ts';

/** What Redis keeps of an entry: its version, a line end, and its JSON; only the version where there is nothing to serve. */
export interface StoredText {
  readonly text: string;
  readonly lifetimeMs: number;
}

/** What nobody wrote or read for an hour is not hot. */
const LIFETIME_MS = 3_600_000;
/** What was written together must not go together, or all of it is asked of the record at the same moment. */
const JITTER = 0.1;
/** A deletion outlives every copy of what it deleted, and every write that was held up on its way. */
const DELETED_LIFETIME_MS = 24 * LIFETIME_MS;
/** Larger values keep a server with one thread, and everybody who asks it, waiting for longer than the record takes. */
const LARGEST_BYTES = 1_000_000;

/** The text for an entry. What is too large or has expired leaves its version, so that nothing older is served. */
export function toStoredText(entry: MemoryEntry, nowMs: number, random: number): StoredText {
  const withoutValue = { text: `${entry.version}\n`, lifetimeMs: DELETED_LIFETIME_MS };
  const text = `${entry.version}\n${JSON.stringify(entry)}`;
  if (entry.isDeleted) return { text, lifetimeMs: DELETED_LIFETIME_MS };
  const remainingMs = entry.expiresAt === null ? Infinity : Date.parse(entry.expiresAt) - nowMs;
  if (!(remainingMs >= 1) || Buffer.byteLength(text) > LARGEST_BYTES) return withoutValue;
  const lifetimeMs = LIFETIME_MS * (1 + JITTER * (2 * random - 1));
  return { text, lifetimeMs: Math.floor(Math.min(lifetimeMs, remainingMs)) };
}

/** The JSON in a stored text; null where only a version is kept. */
export function fromStoredText(text: string): string | null {
  const json = text.slice(text.indexOf('\n') + 1);
  return json === '' ? null : json;
}
