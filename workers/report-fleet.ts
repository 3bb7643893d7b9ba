import { chooseRoles, type ChosenModels } from '../activities/choose-models.ts';
import type { Settings } from '../config/settings.ts';
import type { NodeSnapshot } from '../domain/node.ts';
import { nameMissingModels } from '../fleet/roles/name-missing-models.ts';
import type { Programs } from './programs.ts';

/** Where the `ollama` command looks by itself. */
const OLLAMA_DEFAULT_URLS: readonly (string | undefined)[] = ['http://127.0.0.1:11434', 'http://localhost:11434'];

type Roles = Omit<ChosenModels, 'nodes'>;

/** Says at the start what would otherwise surprise later: hosts that are down, which model plays which role, what is missing. */
export function describeFleet(nodes: readonly NodeSnapshot[], settings: Settings, programs: Programs): string[] {
  const down = nodes.filter(({ state }) => state !== 'up');
  const problems = down.map(({ id, url, state, problem }) => `${id} (${url}) is ${state}: ${problem}`);
  if (nodes.every(({ models }) => models.length === 0))
    return [...problems, 'No Ollama host has shown a model yet; runs wait for one. See: hydra doctor'];
  const roles = chooseRoles(nodes, settings);
  return [...problems, describeRoles(roles), ...describeMissing(roles, pullCommand(nodes, programs))];
}

/** Which models play which role now, as the API lists them. */
export function listRoles({ light, heavy, workers, tasks }: Roles): Readonly<Record<string, readonly string[]>> {
  return { light: [light], heavy: [heavy], workers, ...tasks };
}

function describeRoles(roles: Roles): string {
  const rolesByModel = new Map<string, string[]>();
  for (const [role, models] of Object.entries(listRoles(roles)))
    for (const model of models) rolesByModel.set(model, [...(rolesByModel.get(model) ?? []), role]);
  const parts = [...rolesByModel].map(([model, played]) => `${model} (${played.join(', ')})`);
  return `${parts.length === 1 ? 'Model' : 'Models'}: ${parts.join(', ')}`;
}

function describeMissing({ missing }: Roles, pull: string): string[] {
  if (missing.length === 0) return [];
  const commands = [...new Set(missing.map(({ model }) => model))].map((model) => `  ${pull} ${model}`);
  const what = commands.length === 1 ? 'it' : 'them';
  return [[`No host has ${nameMissingModels(missing)}. To bring ${what}:`, ...commands].join('\n')];
}

/** The host of this machine has a command of its own, which works without Hydra; for every other, ours does while it runs. */
function pullCommand(nodes: readonly NodeSnapshot[], { ollama }: Programs): string {
  const url = nodes.find(({ state }) => state === 'up')?.url;
  const isOnPath = ollama === null || ollama.source === 'path';
  return isOnPath && OLLAMA_DEFAULT_URLS.includes(url) ? 'ollama pull' : 'hydra models pull';
}
