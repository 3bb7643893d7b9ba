import type { ModelRoles } from '../../config/settings.ts';
import { fullModelName, sameModel } from '../../domain/model-name.ts';
import type { NodeModel, NodeSnapshot } from '../../domain/node.ts';
import type { TaskModels, WorkerTask } from '../../domain/worker-task.ts';
import { generatesText, isCodeModel, modelSizeB } from './model-traits.ts';

type RoleName = Exclude<keyof ModelRoles, 'tasks'>;

/** A configured model that no host has. */
export interface MissingModel {
  readonly role: RoleName | WorkerTask;
  /** To be offered for pulling. */
  readonly model: string;
  /** True while a model plays the role that was not named for it. */
  readonly isReplaced: boolean;
}

/** The models that play the roles, given what is there. */
export interface PresentRoles {
  /**
   * A role that nothing present can play keeps its configured model: calls then wait for a host that has it.
   * A task none of whose models is present is left out: it goes to those who do it where no models are named for it.
   */
  readonly roles: ModelRoles;
  readonly missing: readonly MissingModel[];
}

/** Beyond this, one answer takes a usual machine so long that several candidates of a smaller model are worth more. */
const LARGEST_WORKER_B = 16;
/** Below a billion parameters models seldom keep to the form that a classification needs. */
const SMALLEST_LIGHT_B = 1;

/**
 * Decides for each role which model plays it: the configured one where a host that is up has it, else the best one present.
 * Workers and the default prefer models for code, up to 16B, the larger first; heavy is the largest; light the smallest
 * general one from 1B up. Embedding models never generate.
 */
export function chooseModelsPresent(snapshots: readonly NodeSnapshot[], configured: ModelRoles): PresentRoles {
  const present = modelsPresent(snapshots);
  const best = bestByRole(present);
  const missing: MissingModel[] = [];
  const choose = (role: RoleName, model: string): string => {
    const found = findModel(present, model);
    if (found) return found.name;
    missing.push({ role, model, isReplaced: best[role] !== undefined });
    return best[role]?.name ?? model;
  };
  const workers = chooseWorkers(present, configured.workers, best.workers);
  const tasks = chooseForTasks(present, configured.tasks);
  const roles = {
    light: choose('light', configured.light),
    heavy: choose('heavy', configured.heavy),
    workers: workers.models,
    default: choose('default', configured.default),
    tasks: tasks.models,
  };
  return { roles, missing: [...missing, ...workers.missing, ...tasks.missing] };
}

/** Where some of the configured workers are present, those write the code, and nothing else is put in. */
function chooseWorkers(
  present: readonly NodeModel[],
  configured: readonly string[],
  best: NodeModel | undefined,
): { readonly models: readonly string[]; readonly missing: readonly MissingModel[] } {
  const found = configured.flatMap((model) => findModel(present, model)?.name ?? []);
  const absent = configured.filter((model) => !findModel(present, model));
  const isReplaced = found.length === 0 && best !== undefined;
  const missing = absent.map((model): MissingModel => ({ role: 'workers', model, isReplaced }));
  if (found.length > 0) return { models: found, missing };
  return { models: absent.length > 0 && best ? [best.name] : configured, missing };
}

function chooseForTasks(
  present: readonly NodeModel[],
  configured: TaskModels,
): { readonly models: TaskModels; readonly missing: readonly MissingModel[] } {
  const models: Partial<Record<WorkerTask, readonly string[]>> = {};
  const missing: MissingModel[] = [];
  for (const [role, names] of Object.entries(configured) as [WorkerTask, readonly string[]][]) {
    const found = names.flatMap((name) => findModel(present, name)?.name ?? []);
    const absent = names.filter((name) => !findModel(present, name));
    if (found.length > 0) models[role] = found;
    missing.push(...absent.map((model) => ({ role, model, isReplaced: found.length === 0 })));
  }
  return { models, missing };
}

function findModel(present: readonly NodeModel[], name: string): NodeModel | undefined {
  return present.find((model) => sameModel(model.name, name));
}

/**
 * Each model once, with the details of the first host that lists it. While no host that is up has any, what the others had
 * when they were last seen counts: a fleet that restarts must not turn to models that it never had.
 */
function modelsPresent(snapshots: readonly NodeSnapshot[]): readonly NodeModel[] {
  const up = snapshots.filter((snapshot) => snapshot.state === 'up' && snapshot.models.length > 0);
  const models = new Map<string, NodeModel>();
  for (const model of (up.length > 0 ? up : snapshots).flatMap((snapshot) => snapshot.models)) {
    const name = fullModelName(model.name);
    if (!models.has(name)) models.set(name, model);
  }
  return [...models.values()];
}

function bestByRole(present: readonly NodeModel[]): Readonly<Record<RoleName, NodeModel | undefined>> {
  const generators = present.filter(generatesText);
  const coder = generators.toSorted(byFitnessForCode)[0];
  return {
    light: generators.toSorted(byFitnessAsLight)[0],
    heavy: generators.toSorted((a, b) => modelSizeB(b) - modelSizeB(a) || byName(a, b))[0],
    workers: coder,
    default: coder,
  };
}

function byFitnessForCode(a: NodeModel, b: NodeModel): number {
  const isComfortable = (model: NodeModel): number => Number(modelSizeB(model) <= LARGEST_WORKER_B);
  const larger = modelSizeB(b) - modelSizeB(a);
  return (
    Number(isCodeModel(b)) - Number(isCodeModel(a)) ||
    isComfortable(b) - isComfortable(a) ||
    (isComfortable(a) ? larger : -larger) ||
    byName(a, b)
  );
}

function byFitnessAsLight(a: NodeModel, b: NodeModel): number {
  const isLargeEnough = (model: NodeModel): number => Number(modelSizeB(model) >= SMALLEST_LIGHT_B);
  const smaller = modelSizeB(a) - modelSizeB(b);
  return (
    isLargeEnough(b) - isLargeEnough(a) ||
    (isLargeEnough(a) ? Number(isCodeModel(a)) - Number(isCodeModel(b)) || smaller : -smaller) ||
    byName(a, b)
  );
}

function byName(a: NodeModel, b: NodeModel): number {
  return a.name.localeCompare(b.name, 'en');
}
