import { z } from 'zod';
import { nameFromUrl } from '../fleet/hosts/node-url.ts';
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
  readonly vramBytes?: number;
  /** Path of a certificate authority's file, relative to the project folder. */
  readonly authorityFile?: string;
}

/** A name becomes part of a Temporal queue name and of file names. */
export const NODE_NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/i;
/** A card that is sold as 24 GB has 24 GiB. */
const GIGABYTE = 1024 ** 3;
/** What such a name is, for people. */
export const NAME_RULE = 'a name of letters, digits, dots, hyphens and underscores, at most 63';

const nodesFileSchema = z.strictObject({
  nodes: z.array(
    z.strictObject({
      name: z.string().regex(NODE_NAME, NAME_RULE).optional(),
      url: z.string(),
      // 256 requests at once is more than any single Ollama serves.
      slots: z.int().min(1).max(256).optional(),
      token_env: z.string().regex(/^\w+$/, 'the name of an environment variable').optional(),
      // The cards of one machine together: more than the largest servers have.
      vram_gb: z.number().positive().max(16_384).optional(),
      tls: z.strictObject({ ca_file: z.string().min(1, 'the path of a file') }).optional(),
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
    ...(entry.vram_gb === undefined ? {} : { vramBytes: Math.round(entry.vram_gb * GIGABYTE) }),
    ...(entry.tls === undefined ? {} : { authorityFile: entry.tls.ca_file }),
  };
}
