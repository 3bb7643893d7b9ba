import { join } from 'node:path';
import type { NodeAddress } from '../domain/node.ts';
import { nameFromUrl } from '../fleet/hosts/node-url.ts';
import { parseNodesFile, type ListedNode } from './node-settings.ts';
import { readYamlFile, type Texts } from './read-setting-files.ts';
import { NODES_FILE } from './define-setting.ts';
import { resolveNodes } from './resolve-nodes.ts';
import type { SettingValues } from './setting-definitions.ts';
import type { SettingProblem } from './setting-problem.ts';

/** The hosts to work with, and the environment names that hold their tokens. */
export interface ChosenNodes {
  readonly nodes: readonly NodeAddress[];
  readonly tokenVariables: readonly string[];
  readonly problems: readonly SettingProblem[];
}

/**
 * Takes the hosts of HYDRA_NODES, else those of `config/nodes.yaml`, else the one of OLLAMA_HOST, which is the Ollama of this
 * machine where it is not set. Hosts that are found join them, see `fleet/discovery`.
 */
export function chooseNodes(values: SettingValues, variables: Texts, folder: string): ChosenNodes {
  const file = readYamlFile(join(folder, NODES_FILE), NODES_FILE);
  const parsed = file.content === undefined ? { nodes: [], problems: [] } : parseNodesFile(file.content, NODES_FILE);
  const { listed, origin } = pickList(values, parsed.nodes);
  const resolved = resolveNodes(listed, { origin, defaultSlots: values.nodeSlots, variables, folder });
  return {
    nodes: resolved.nodes,
    tokenVariables: parsed.nodes.flatMap((node) => node.tokenVariable ?? []),
    problems: [...file.problems, ...parsed.problems, ...resolved.problems],
  };
}

function pickList(
  values: SettingValues,
  fromFile: readonly ListedNode[],
): { listed: readonly ListedNode[]; origin: string } {
  if (values.nodes !== undefined) return { listed: values.nodes, origin: 'HYDRA_NODES' };
  if (fromFile.length > 0) return { listed: fromFile, origin: NODES_FILE };
  return { listed: [{ name: nameFromUrl(values.ollamaHost), url: values.ollamaHost }], origin: 'OLLAMA_HOST' };
}
