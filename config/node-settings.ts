import { z } from 'zod';
import type { NodeId } from '../domain/ids.ts';
import type { NodeAddress } from '../domain/node.ts';
import { parseOllamaAddress } from './ollama-address.ts';
import { accepted, commaList, refused, type Parsed } from './parse-values.ts';
import { toFileProblem, toFileProblems } from './file-problems.ts';
import { maskCredentials, type SettingProblem } from './setting-problem.ts';

/** A host as listed: its name is made from the address where none is given. */
export interface ListedNode {
  readonly name: string;
  readonly url: string;
  readonly slots?: number;
  /** Name of the environment variable that holds its bearer token. */
  readonly tokenVariable?: string;
}

/** A name becomes part of a Temporal queue name and of file names. */
const NODE_NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/i;
const NAME_RULE = 'a name of letters, digits, dots, hyphens and underscores, at most 63';

const nodesFileSchema = z.strictObject({
  nodes: z.array(
    z.strictObject({
      name: z.string().regex(NODE_NAME, NAME_RULE).optional(),
      url: z.string(),
      // 256 requests at once is more than any single Ollama serves.
      slots: z.int().min(1).max(256).optional(),
      token_env: z.string().regex(/^\w+$/, 'the name of an environment variable').optional(),
    }),
  ),
});

/** Reads `url, name=url, …`. */
export function parseNodeList(text: string): Parsed<readonly ListedNode[]> {
  const list = commaList(text);
  if (!list.ok) return list;
  const nodes: ListedNode[] = [];
  for (const item of list.value) {
    const node = parseListItem(item);
    if (!node.ok) return node;
    nodes.push(node.value);
  }
  return accepted(nodes);
}

function parseListItem(item: string): Parsed<ListedNode> {
  const equals = item.indexOf('=');
  const name = equals < 0 ? undefined : item.slice(0, equals).trim();
  if (name !== undefined && !NODE_NAME.test(name))
    return refused(`${NAME_RULE}, before "=" in "${maskCredentials(item)}"`);
  const url = parseOllamaAddress(item.slice(equals + 1));
  return url.ok
    ? accepted({ name: name ?? nameFromUrl(url.value), url: url.value })
    : refused(`${url.rule}, in "${maskCredentials(item)}"`);
}

/** Reads the content of `config/nodes.yaml`. */
export function parseNodesFile(content: unknown, file: string): { nodes: ListedNode[]; problems: SettingProblem[] } {
  const checked = nodesFileSchema.safeParse(content, { reportInput: true });
  if (!checked.success) return { nodes: [], problems: toFileProblems(checked.error, file) };
  const problems: SettingProblem[] = [];
  const nodes: ListedNode[] = [];
  for (const [index, entry] of checked.data.nodes.entries()) {
    const url = parseOllamaAddress(entry.url);
    if (!url.ok) problems.push(toFileProblem(`nodes.${index}.url`, url.rule, entry.url, file));
    else nodes.push(toListedNode(entry, url.value));
  }
  return { nodes, problems };
}

function toListedNode(entry: z.infer<typeof nodesFileSchema>['nodes'][number], url: string): ListedNode {
  return {
    name: entry.name ?? nameFromUrl(url),
    url,
    ...(entry.slots === undefined ? {} : { slots: entry.slots }),
    ...(entry.token_env === undefined ? {} : { tokenVariable: entry.token_env }),
  };
}

/** Gives every listed host its slots and its token; names and addresses must be there once. */
export function resolveNodes(
  listed: readonly ListedNode[],
  defaultSlots: number,
  variables: Readonly<Record<string, string | undefined>>,
  origin: string,
): { nodes: NodeAddress[]; problems: SettingProblem[] } {
  const problems: SettingProblem[] = [];
  const nodes: NodeAddress[] = [];
  for (const node of listed) {
    const rule = duplicateRule(node, nodes) ?? missingTokenRule(node, variables);
    if (rule !== null) problems.push(toFileProblem(`node ${node.name}`, rule, node.url, origin));
    else nodes.push(toNodeAddress(node, defaultSlots, variables));
  }
  return { nodes, problems };
}

function toNodeAddress(
  node: ListedNode,
  defaultSlots: number,
  variables: Readonly<Record<string, string | undefined>>,
): NodeAddress {
  const bearerToken = node.tokenVariable === undefined ? undefined : variables[node.tokenVariable];
  return {
    id: node.name as NodeId,
    url: node.url,
    slots: node.slots ?? defaultSlots,
    ...(bearerToken === undefined ? {} : { bearerToken }),
  };
}

function duplicateRule(node: ListedNode, others: readonly NodeAddress[]): string | null {
  if (others.some((other) => other.id === node.name)) return 'each name once; give one of them another name';
  // Slots are counted per host: the same host under two names would be overloaded.
  if (others.some((other) => other.url === node.url)) return 'each address once';
  return null;
}

function missingTokenRule(node: ListedNode, variables: Readonly<Record<string, string | undefined>>): string | null {
  const missing = node.tokenVariable !== undefined && (variables[node.tokenVariable] ?? '') === '';
  return missing ? `the variable ${node.tokenVariable}, named by token_env, must be set` : null;
}

/** `http://gpu-2:11434` is `gpu-2`; another port than Ollama's own is told apart. */
export function nameFromUrl(url: string): string {
  const { hostname, port } = new URL(url);
  const name = hostname.replace(/[^a-z0-9._-]/gi, '-').replace(/^[^a-z0-9]+/i, '') || 'node';
  return port === '11434' ? name : [name, port].filter((part) => part !== '').join('-');
}
