import type { OwnershipStore } from '../ports.ts';
import type { PostgresConnection } from './postgres-connection.ts';

/** The machines of several processes have clocks of their own: only the server's is the same for all. */
const NOW = 'coalesce($4::bigint, (extract(epoch FROM clock_timestamp()) * 1000)::bigint)';

/**
 * A claim in the future can only come from a clock that was set back since; without that case a dead holder would keep the
 * duty until the clock has caught up.
 */
const CLAIM = `
  INSERT INTO ownerships AS old (duty, holder, claimed_at_ms, lease_ms) VALUES ($1, $2, ${NOW}, $3)
  ON CONFLICT (duty) DO UPDATE
    SET holder = excluded.holder, claimed_at_ms = excluded.claimed_at_ms, lease_ms = excluded.lease_ms
    WHERE old.holder = excluded.holder OR old.claimed_at_ms + old.lease_ms <= excluded.claimed_at_ms
      OR old.claimed_at_ms > excluded.claimed_at_ms`;

const RELEASE = 'DELETE FROM ownerships WHERE duty = $1 AND holder = $2';

/** Duties in the table `ownerships`. */
export function createOwnershipStore({ perform, sharedNow }: PostgresConnection): OwnershipStore {
  return {
    claim: (duty, holder, leaseMs) =>
      perform(
        'ownership.claim',
        async (session) => (await session.run(CLAIM, [duty, holder, leaseMs, sharedNow()])) === 1,
      ),
    release: (duty, holder) =>
      perform('ownership.release', async (session) => void (await session.run(RELEASE, [duty, holder]))),
  };
}
