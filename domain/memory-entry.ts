import type { ContentHash, EntryId, RunId } from './ids.ts';
import type { Language } from './language.ts';
import type { SynthesisResult } from './result.ts';

/**
 * What memory keeps. An `answer` is served again for exactly the same request. `work` and `lesson` are only ever offered to
 * models as context. An `embedding` saves asking for the same one again.
 */
export const ENTRY_KINDS = ['answer', 'work', 'lesson', 'embedding'] as const;
export type EntryKind = (typeof ENTRY_KINDS)[number];

/** Kinds that are found by their meaning and their words. */
export const SEARCHED_KINDS = ['work', 'lesson'] as const satisfies readonly EntryKind[];
export type SearchedKind = (typeof SEARCHED_KINDS)[number];

/** A verified answer with the texts that its hashes stand for, so that it is whole on another machine, too. */
export interface AnswerValue {
  readonly kind: 'answer';
  readonly result: SynthesisResult;
  readonly texts: Readonly<Record<ContentHash, string>>;
}

/** Code that was verified: for the whole program or one part of it. */
export interface WorkValue {
  readonly kind: 'work';
  readonly language: Language;
  /** What was asked for, in words. */
  readonly request: string;
  /** Symbols with signatures and what they promise; empty where there was no plan. */
  readonly contract: string;
  readonly code: string;
  /** The user's examples and tests that proved it. */
  readonly tests: string;
}

/** An error of a candidate, and the change that mended it. */
export interface LessonValue {
  readonly kind: 'lesson';
  readonly language: Language;
  readonly error: string;
  /** A unified diff. */
  readonly fix: string;
}

/** What a text means to an embedding model. */
export interface EmbeddingValue {
  readonly kind: 'embedding';
  readonly model: string;
  readonly vector: readonly number[];
}

export type EntryValue = AnswerValue | WorkValue | LessonValue | EmbeddingValue;

/** Where an entry belongs: one per namespace, kind and key. */
export interface EntryPlace {
  readonly namespace: string;
  readonly kind: EntryKind;
  /** A hash of what the entry answers: request, program, error or text. */
  readonly key: ContentHash;
}

interface EntryHead extends EntryPlace {
  readonly id: EntryId;
  /** 1, 2, 3 … given by the system of record. The higher one wins wherever two meet; clocks decide nothing. */
  readonly version: number;
  /** ISO 8601 in UTC. */
  readonly updatedAt: string;
}

export interface KeptEntry extends EntryHead {
  readonly isDeleted: false;
  readonly value: EntryValue;
  /** What full-text search reads and what is embedded; empty for kinds that are not searched. */
  readonly text: string;
  /** The run that it came from. */
  readonly runId: RunId;
  readonly createdAt: string;
  /** From then on it counts as absent; null: kept until retention removes it. */
  readonly expiresAt: string | null;
}

/** What stays of a deleted entry, so that no older copy brings it back. */
export interface Tombstone extends EntryHead {
  readonly isDeleted: true;
}

export type MemoryEntry = KeptEntry | Tombstone;

/** What a writer says of an entry; the record adds the rest. */
export interface NewEntry extends EntryPlace, Pick<KeptEntry, 'value' | 'text' | 'runId' | 'expiresAt'> {}
