import type { ResidentModel } from '../../domain/node.ts';

/** Keeps what is known of the models in a node's memory fresh, without anybody waiting for it. */
export interface ResidentWatch {
  /** The node has answered a probe; the question is put when it is due. */
  noteProbe(): void;
  /** What is in memory may have changed: the next probe asks. */
  askSoon(): void;
}

/** What is in memory changes by work of ours, which is noted, or of others and by time: then half a minute is soon enough. */
const PROBES_BETWEEN_QUESTIONS = 7;

/**
 * Creates the watch. A host that is loading a model answers late, or not in time; then what was known stays, and the next
 * probe asks again. Questions never overlap.
 */
export function createResidentWatch(
  ask: () => Promise<readonly ResidentModel[]>,
  onAnswer: (residents: readonly ResidentModel[]) => void,
): ResidentWatch {
  let probesUntilDue = 0;
  let isAsking = false;

  async function put(): Promise<void> {
    isAsking = true;
    try {
      onAnswer(await ask());
    } catch {
      probesUntilDue = 0;
    } finally {
      isAsking = false;
    }
  }

  return {
    noteProbe() {
      probesUntilDue -= 1;
      if (probesUntilDue > 0 || isAsking) return;
      probesUntilDue = PROBES_BETWEEN_QUESTIONS;
      void put();
    },
    askSoon() {
      probesUntilDue = 0;
    },
  };
}

/** True when the two differ in more than the time for which the models stay. */
export function isResidentNews(before: readonly ResidentModel[], after: readonly ResidentModel[]): boolean {
  return before.length !== after.length || before.some((resident, place) => keyOf(resident) !== keyOf(after[place]));
}

function keyOf(resident: ResidentModel | undefined): string {
  return JSON.stringify([resident?.name, resident?.sizeBytes, resident?.vramBytes, resident?.contextTokens]);
}
