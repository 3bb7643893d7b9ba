import { REQUEST_KINDS, type RequestKind } from './classification.ts';
import { LANGUAGES, type Language } from './language.ts';
import { PART_KINDS, type PartKind } from './plan.ts';
import type { ProgramScope } from './program-scope.ts';

/** Work on code beside writing it: repairing what failed a check, and proposing the calls that candidates are compared by. */
const BESIDE_WRITING = ['repair', 'tests'] as const;

/** What models can be named for: work beside writing, a kind of code, or a language. */
export type WorkerTask = (typeof BESIDE_WRITING)[number] | PartKind | RequestKind | Language;

/** Every task once: parts of a plan and whole requests share some kinds. */
export const WORKER_TASKS: readonly WorkerTask[] = [
  ...new Set([...BESIDE_WRITING, ...PART_KINDS, ...REQUEST_KINDS, ...LANGUAGES]),
];

/** Models by task, preferred first; no list is empty. */
export type TaskModels = Readonly<Partial<Record<WorkerTask, readonly string[]>>>;

/** True for a name of a task. */
export function isWorkerTask(name: string): name is WorkerTask {
  return (WORKER_TASKS as readonly string[]).includes(name);
}

/** The tasks that writing this program or part is, the narrower first: its kind, then its language. */
export function writingTasks({
  classification,
  planned,
}: Pick<ProgramScope, 'classification' | 'planned'>): readonly WorkerTask[] {
  return [planned?.part.kind ?? classification.kind, classification.language];
}
