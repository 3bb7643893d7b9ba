import { hash } from 'node:crypto';
import { SynthesisFailure } from '../domain/failure.ts';
import type { ContentHash } from '../domain/ids.ts';

/** The content hash of a text: SHA-256 over its UTF-8 bytes. */
export function hashText(text: string): ContentHash {
  return hash('sha256', text) as ContentHash;
}

/** The content hash of a JSON value. Two values that differ only in the order of keys, or in absent against undefined, are one. */
export function hashJson(value: unknown): ContentHash {
  return hashText(toCanonicalJson(value));
}

/** JSON text with the keys of every object sorted. Errors: InvariantBroken for what JSON cannot carry, such as undefined. */
export function toCanonicalJson(value: unknown): string {
  const text: string | undefined = JSON.stringify(value, sortKeys);
  if (text === undefined) {
    throw new SynthesisFailure('InvariantBroken', 'A value that JSON cannot carry was to be hashed or stored.', {
      valueType: typeof value,
    });
  }
  return text;
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  // Code-unit order: locale rules would give other hashes on other machines.
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
