import type { ContentHash, RunId } from '../domain/ids.ts';
import { queuedRun, type RunRecord } from '../domain/run.ts';
import type { StoreDependencies } from './dependencies.ts';
import { loadRequest } from './stored-json.ts';

/** Changes the run's row, and makes it first when the run was faster than the API that lists it. */
export async function updateRun(
  { memory }: StoreDependencies,
  { runId, requestHash }: { readonly runId: RunId; readonly requestHash: ContentHash },
  change: Partial<Pick<RunRecord, 'status' | 'progress' | 'result' | 'error'>>,
): Promise<void> {
  if (await memory.runs.update(runId, change)) return;
  const isNew = await memory.runs.insert(queuedRun(runId, await loadRequest(memory.artifacts, requestHash)));
  if (isNew) await memory.runs.update(runId, change);
}
