import type { ContentHash, RunId } from '../domain/ids.ts';
import type { PartProgress, RunProgress } from '../domain/run.ts';
import type { StoreDependencies } from './dependencies.ts';
import { updateRun } from './update-run.ts';

export interface RecordProgressInput {
  readonly runId: RunId;
  readonly requestHash: ContentHash;
  readonly progress: RunProgress;
  /** What is new: the phase with a note to it, or one part. */
  readonly news: { readonly note: string } | { readonly part: PartProgress };
}

/** Shows readers of the run what it is doing now. */
export async function recordProgress(deps: StoreDependencies, input: RecordProgressInput): Promise<void> {
  const { runId, progress, news } = input;
  await updateRun(deps, input, { status: 'running', progress });
  const scope = { runId, stepKey: null, attempt: 1 } as const;
  if ('part' in news) {
    const { id, title, doing, done } = news.part;
    deps.events.write({ ...scope, partId: id, body: { type: 'part.changed', title, doing, done } });
  } else {
    deps.events.write({ ...scope, partId: null, body: { type: 'phase.started', phase: progress.phase, ...news } });
  }
}
