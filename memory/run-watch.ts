import type { RunId } from '../domain/ids.ts';

/** One reader's wait for news of a run. */
export interface RunWatch {
  /** Resolves when there may be news since the last call, at once when there already were, or when the watch must end. */
  waitForNews(): Promise<void>;
  stop(): void;
}

/** Tells readers that a run may have new events, whoever wrote them. */
export interface RunWatcher {
  watch(runId: RunId): RunWatch;
  /** This process has written events of these runs. */
  notify(runIds: Iterable<RunId>): void;
  /** The store is closed: wakes every reader, for the last time. */
  end(): void;
  readonly hasEnded: boolean;
  /** Readers at this moment. */
  readonly watchCount: number;
}

/** A watch that can be woken. */
export type Bell = RunWatch & { ring(): void };

/** Creates a bell, which remembers one ring, so that news between two waits are not missed. */
export function createBell(stop: () => void): Bell {
  let hasRung = false;
  let wake: (() => void) | undefined;
  return {
    ring() {
      hasRung = true;
      wake?.();
    },
    async waitForNews() {
      if (!hasRung) await new Promise<void>((resolve) => (wake = resolve));
      hasRung = false;
    },
    stop,
  };
}
