import type { OwnershipStore } from '../ports.ts';
import type { SqliteConnection } from './sqlite-connection.ts';

/**
 * A claim in the future can only come from a clock that was set back since; without that case a dead holder would keep the
 * duty until the clock has caught up.
 */
const CLAIM = `
  INSERT INTO ownerships (duty, holder, claimed_at_ms, lease_ms) VALUES (@duty, @holder, @now, @leaseMs)
  ON CONFLICT (duty) DO UPDATE
    SET holder = excluded.holder, claimed_at_ms = excluded.claimed_at_ms, lease_ms = excluded.lease_ms
    WHERE holder = excluded.holder OR claimed_at_ms + lease_ms <= @now OR claimed_at_ms > @now`;

/** Duties in the table `ownerships`. The processes share one machine and so one clock. */
export function createOwnershipStore(connection: SqliteConnection): OwnershipStore {
  const { database, perform, now } = connection;
  const claim = database.prepare(CLAIM);
  const release = database.prepare('DELETE FROM ownerships WHERE duty = ? AND holder = ?');
  return {
    claim: (duty, holder, leaseMs) =>
      perform('ownership.claim', () => claim.run({ duty, holder, leaseMs, now: now() }).changes === 1),
    release: (duty, holder) => perform('ownership.release', () => void release.run(duty, holder)),
  };
}
