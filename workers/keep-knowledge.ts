import type { NodeKnowledge } from '../domain/node-knowledge.ts';
import type { FleetKnowledgeStore } from '../memory/ports.ts';

/** Sooner would write the same rows again and again; later would lose more to a `kill -9`. */
const WRITE_INTERVAL_MS = 10_000;

/** Keeps what is learned of the hosts for the next owner of the fleet. */
export interface KnowledgeKeeper {
  /** Writes what has changed, every ten seconds at most. What could not be written is news the next time too. */
  look(): Promise<void>;
  /** Writes what has changed, now. */
  finish(): Promise<void>;
}

export function createKnowledgeKeeper(
  store: FleetKnowledgeStore,
  knowledge: () => readonly NodeKnowledge[],
  now: () => number = () => performance.now(),
): KnowledgeKeeper {
  const written = new Map<string, string>();
  let lookedAt = -Infinity;

  async function write(): Promise<void> {
    const news = knowledge()
      .map((entry) => ({ entry, text: JSON.stringify(entry) }))
      .filter(({ entry, text }) => written.get(entry.nodeId) !== text);
    if (news.length === 0) return;
    await store.write(news.map(({ entry }) => entry));
    for (const { entry, text } of news) written.set(entry.nodeId, text);
  }

  return {
    async look() {
      if (now() - lookedAt < WRITE_INTERVAL_MS) return;
      lookedAt = now();
      await write();
    },
    finish: write,
  };
}
