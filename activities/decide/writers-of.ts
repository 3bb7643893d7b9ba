import { writingTasks } from '../../domain/worker-task.ts';
import type { Situation } from './situation.ts';

/** The models that write this program or part, preferred first: those of its narrowest task for which any are named. */
export function writersOf({ scope, models }: Situation): readonly string[] {
  const task = writingTasks(scope).find((name) => models.tasks[name]);
  return (task && models.tasks[task]) ?? models.workers;
}
