import { hashText } from '../content-hash.ts';
import type { ArtifactStore } from '../ports.ts';
import type { PostgresConnection } from './postgres-connection.ts';

/** How old `used_at` may grow before it is renewed: retention, which it serves, counts in days, and each renewal is a write. */
export const ARTIFACT_RENEWAL_MS = 24 * 60 * 60 * 1000;

const INSERT = `
  INSERT INTO artifacts (hash, size_bytes, used_at, content) VALUES ($1, $2, $3, $4)
  ON CONFLICT (hash) DO UPDATE SET used_at = excluded.used_at WHERE artifacts.used_at < $5`;

/** Artifacts in the table `artifacts`. */
export function createArtifactStore({ perform, now }: PostgresConnection): ArtifactStore {
  return {
    async putText(text) {
      const hash = hashText(text);
      const content = Buffer.from(text);
      const usedAt = new Date(now()).toISOString();
      const renewBefore = new Date(now() - ARTIFACT_RENEWAL_MS).toISOString();
      await perform('artifacts.putText', (session) =>
        session.run(INSERT, [hash, content.length, usedAt, content, renewBefore]),
      );
      return hash;
    },
    getText: (hash) =>
      perform('artifacts.getText', async (session) => {
        const row = await session.row<{ content: Buffer }>('SELECT content FROM artifacts WHERE hash = $1', [hash]);
        return row?.content.toString();
      }),
  };
}
