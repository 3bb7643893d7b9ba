import type { ContentHash } from '../../domain/ids.ts';
import { hashText } from '../content-hash.ts';
import type { ArtifactStore } from '../ports.ts';
import { isoNow, type SqliteConnection } from './sqlite-connection.ts';

/** How old `used_at` may grow before it is renewed: retention, which it serves, counts in days, and each renewal is a write. */
export const ARTIFACT_RENEWAL_MS = 24 * 60 * 60 * 1000;

const INSERT = `
  INSERT INTO artifacts (hash, size_bytes, used_at, content) VALUES (@hash, @sizeBytes, @usedAt, @content)
  ON CONFLICT (hash) DO UPDATE SET used_at = excluded.used_at WHERE used_at < @renewBefore`;

/** Artifacts in the table `artifacts`. */
export function createArtifactStore(connection: SqliteConnection): ArtifactStore {
  const insert = connection.database.prepare(INSERT);
  const select = connection.database
    .prepare<[ContentHash], string>('SELECT content FROM artifacts WHERE hash = ?')
    .pluck();
  return {
    putText: (content) =>
      connection.perform('artifacts.putText', () => {
        const hash = hashText(content);
        const renewBefore = new Date(connection.now() - ARTIFACT_RENEWAL_MS).toISOString();
        const sizeBytes = Buffer.byteLength(content);
        insert.run({ hash, sizeBytes, usedAt: isoNow(connection), renewBefore, content });
        return hash;
      }),
    getText: (hash) => connection.perform('artifacts.getText', () => select.get(hash)),
  };
}
