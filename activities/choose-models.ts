import type { Settings } from '../config/settings.ts';
import { SynthesisFailure } from '../domain/failure.ts';
import { sameModel } from '../domain/model-name.ts';
import type { NodeModel, NodeSnapshot } from '../domain/node.ts';
import type { SynthesisRequest } from '../domain/request.ts';
import type { TaskModels } from '../domain/worker-task.ts';
import { modelSizeB } from '../fleet/roles/model-traits.ts';
import { chooseModelsPresent, type MissingModel } from '../fleet/roles/models-present.ts';
import type { NodeSnapshotStore } from '../memory/ports.ts';

/** The models of one run, by role, as far as the fleet has them now. */
export interface ChosenModels {
  readonly light: string;
  readonly heavy: string;
  /** Preferred first; never empty. */
  readonly workers: readonly string[];
  /** Those that go before light and workers for a task. */
  readonly tasks: TaskModels;
  readonly nodes: readonly NodeSnapshot[];
  /** Models of the settings that no host has. */
  readonly missing: readonly MissingModel[];
}

/**
 * The user's own choice of models goes before the settings; a role whose model is missing gets the best one present.
 * Errors: SynthesisFailure NoModelKnown while no host has shown a model; the caller waits.
 */
export async function chooseModels(
  request: SynthesisRequest,
  settings: Settings,
  snapshots: NodeSnapshotStore,
): Promise<ChosenModels> {
  const nodes = await snapshots.read();
  if (nodes.every((node) => node.models.length === 0)) throw noModelKnown(nodes);
  const chosen = { ...chooseRoles(nodes, settings), nodes };
  if (request.models.length === 0) return chosen;
  const { tests } = chosen.tasks;
  return { ...chosen, workers: presentFirst(request.models, nodes), tasks: tests ? { tests } : {} };
}

/** Of the user's models those that some host has; all of them, to be waited for, when none is there. */
function presentFirst(wanted: readonly string[], nodes: readonly NodeSnapshot[]): readonly string[] {
  const present = wanted.filter((name) => findModel(nodes, name));
  return present.length > 0 ? present : wanted;
}

/** The models that play the roles now, without any request's wishes. */
export function chooseRoles(nodes: readonly NodeSnapshot[], { models }: Settings): Omit<ChosenModels, 'nodes'> {
  const { roles, missing } = chooseModelsPresent(nodes, models);
  const workers = roles.workers.length > 0 ? roles.workers : [roles.default];
  const used = missing.filter(({ role }) => role !== 'default' || roles.workers.length === 0);
  return { light: roles.light, heavy: roles.heavy, workers, tasks: roles.tasks, missing: used };
}

function noModelKnown(nodes: readonly NodeSnapshot[]): SynthesisFailure {
  const seen = nodes.map(({ id, problem }) => `${id}: ${problem ?? 'no models'}`).join('; ');
  return new SynthesisFailure(
    'NoModelKnown',
    `Waiting for an Ollama host with a model. ${seen || 'No host is known.'}`,
    { nodes: seen },
  );
}

/** A model as some node describes it. */
export function findModel(nodes: readonly NodeSnapshot[], name: string): NodeModel | undefined {
  return nodes.flatMap((node) => node.models).find((model) => sameModel(model.name, name));
}

/** Billions of parameters; 0 for a model that no host has. */
export function sizeOf(nodes: readonly NodeSnapshot[], name: string): number {
  const model = findModel(nodes, name);
  return model ? modelSizeB(model) : 0;
}
