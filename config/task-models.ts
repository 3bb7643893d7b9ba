import { isWorkerTask, WORKER_TASKS, type TaskModels } from '../domain/worker-task.ts';
import { accepted, modelNames, refused, type Parsed } from './parse-values.ts';
import { suggestName } from './suggest-name.ts';

/** The one key of `config/models.yaml` that holds a map. */
export const TASKS_KEY = 'tasks';

const FORM = 'tasks with their models, such as python=a:1b, b:3b; repair=c';

/** Reads models by task; each entry is `task=models`, with semicolons between entries. */
export function parseTaskModels(text: string): Parsed<TaskModels> {
  const models: Record<string, readonly string[]> = {};
  for (const entry of text.split(';').filter((part) => part.trim() !== '')) {
    const [task = '', names = '', ...rest] = entry.split('=').map((side) => side.trim());
    const list = modelNames(names);
    if (!list.ok || list.value.length === 0 || rest.length > 0) return refused(FORM);
    if (!isWorkerTask(task)) return refused(unknownTask(task));
    if (task in models) return refused(`each task once; "${task}" stands there twice`);
    models[task] = list.value;
  }
  return accepted(models);
}

/** The text that `parseTaskModels` reads, out of a map as a settings file has it. Null: it is no map of names. */
export function formatTaskModels(content: unknown): string | null {
  if (typeof content !== 'object' || content === null || Array.isArray(content)) return null;
  const entries = Object.entries(content).filter(([, names]) => !isEmpty(names));
  const lists = entries.map(([task, names]) => [task, [names].flat()] as const);
  if (lists.some(([, names]) => names.some((name) => typeof name === 'object'))) return null;
  return lists.map(([task, names]) => `${task}=${names.map(String).join(', ')}`).join('; ');
}

/** As with `workers`, nothing and an empty list mean that no model is named. */
function isEmpty(names: unknown): boolean {
  return names === null || (Array.isArray(names) && names.length === 0);
}

function unknownTask(task: string): string {
  const suggestion = suggestName(task, WORKER_TASKS) || `; there are ${WORKER_TASKS.join(', ')}`;
  return `no task "${task}"${suggestion}`;
}
