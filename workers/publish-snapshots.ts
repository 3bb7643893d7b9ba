import type { NodeSnapshot } from '../domain/node.ts';
import type { NodeSnapshotStore } from '../memory/ports.ts';

/** That a host was seen again is news this often; readers show it in seconds and minutes. */
const SEEN_NEWS_MS = 10_000;

/** Writes the hosts as they are, when that is news. */
export type SnapshotPublisher = (snapshots: readonly NodeSnapshot[]) => Promise<void>;

/**
 * Creates what writes the hosts as they are for other processes: at once when something has changed, and every ten seconds
 * for the times at which they were last seen. What could not be written is news the next time too.
 */
export function createSnapshotPublisher(
  store: NodeSnapshotStore,
  now: () => number = () => performance.now(),
): SnapshotPublisher {
  let published = '';
  let publishedAt = 0;
  return async (snapshots) => {
    const text = JSON.stringify(snapshots.map((node) => ({ ...node, seenAt: null })));
    if (text === published && now() - publishedAt < SEEN_NEWS_MS) return;
    await store.write(snapshots);
    published = text;
    publishedAt = now();
  };
}
