import type { ContentHash, RunId } from '../domain/ids.ts';
import type { RunProgress } from '../domain/run.ts';
import type { StoreDependencies } from './dependencies.ts';
import { updateRun } from './update-run.ts';

export interface RecordProgressInput {
  readonly runId: RunId;
  readonly requestHash: ContentHash;
  readonly progress: RunProgress;
  readonly note: string;
}

/** Shows readers of the run what it is doing now. */
export async function recordProgress(deps: StoreDependencies, input: RecordProgressInput): Promise<void> {
  const { runId, progress, note } = input;
  await updateRun(deps, input, { status: 'running', progress });
  const body = { type: 'phase.started', phase: progress.phase, note } as const;
  deps.events.write({ runId, partId: null, stepKey: null, attempt: 1, body });
}
