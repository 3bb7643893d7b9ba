import type { ContentHash, RunId } from '../../domain/ids.ts';
import type { NewEntry } from '../../domain/memory-entry.ts';
import type { OfferedEntry } from '../../domain/offer.ts';
import type { ProvenWork, Repair } from '../../domain/proven-work.ts';
import type { ArtifactStore } from '../../memory/ports.ts';
import type { RememberingDependencies } from '../dependencies.ts';
import { loadOffered, loadPlan, loadProgram, loadRequest, loadVerdict } from '../stored-json.ts';
import { isNearCopy } from './code-text.ts';
import { listLessons, type MendedProgram } from './list-lessons.ts';
import { listWork, type VerifiedRun } from './list-work.ts';

/** A verified result by reference. */
export interface WorkToRemember {
  readonly runId: RunId;
  readonly requestHash: ContentHash;
  readonly programHash: ContentHash;
  readonly work: ProvenWork;
}

/** Keeps verified work and lessons for later requests. What is known already, or was itself recalled, is not kept again. */
export async function rememberWork(deps: RememberingDependencies, input: WorkToRemember): Promise<void> {
  const { artifacts } = deps.memory;
  const { runId, requestHash, work } = input;
  const request = await loadRequest(artifacts, requestHash);
  const offered = work.offeredHash ? await loadOffered(artifacts, work.offeredHash) : [];
  const made = await listWork(await loadRun(artifacts, input, request));
  const repairs = await Promise.all(work.repairs.map((repair) => loadRepair(artifacts, repair)));
  const lessons = listLessons(repairs, { runId, namespace: request.namespace });
  const entries = [...made.filter((entry) => !isRecalled(entry, offered)), ...lessons];
  // One after another: a program that is its only part is known once the first is kept.
  for (const entry of entries) {
    if (!(await deps.entries.get(entry))) await deps.entries.put(entry);
  }
}

/** True for code that a model has taken over from what it was offered. */
function isRecalled({ value }: NewEntry, offered: readonly OfferedEntry[]): boolean {
  return (
    value.kind === 'work' && offered.some((one) => one.value.kind === 'work' && isNearCopy(value.code, one.value.code))
  );
}

async function loadRun(
  artifacts: ArtifactStore,
  { runId, programHash, work }: WorkToRemember,
  request: VerifiedRun['request'],
): Promise<VerifiedRun> {
  const program = await loadProgram(artifacts, programHash);
  const plan = work.planHash ? await loadPlan(artifacts, work.planHash) : null;
  const parts = await Promise.all(
    work.parts.map(async ({ partId, programHash: hash }) => {
      const part = plan?.parts.find(({ id }) => id === partId);
      return part ? [{ part, program: await loadProgram(artifacts, hash) }] : [];
    }),
  );
  return { runId, request, program, plan: parts.length > 0 ? plan : null, parts: parts.flat() };
}

async function loadRepair(artifacts: ArtifactStore, repair: Repair): Promise<MendedProgram> {
  const [verdict, failed, mended] = await Promise.all([
    loadVerdict(artifacts, repair.verdictHash),
    loadProgram(artifacts, repair.failedHash),
    loadProgram(artifacts, repair.mendedHash),
  ]);
  return { verdict, failed, mended };
}
