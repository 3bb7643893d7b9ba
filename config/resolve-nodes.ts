import type { NodeId } from '../domain/ids.ts';
import type { NodeAddress } from '../domain/node.ts';
import { refuseHost } from '../fleet/hosts/node-url.ts';
import { toFileProblem } from './file-problems.ts';
import type { ListedNode } from './node-settings.ts';
import { readAuthority } from './read-authority.ts';
import type { Texts } from './read-setting-files.ts';
import type { SettingProblem } from './setting-problem.ts';

/** What a list of hosts is read against. */
export interface ListPlace {
  /** Where the list stands, for people. */
  readonly origin: string;
  readonly defaultSlots: number;
  /** Environment in which the tokens stand. */
  readonly variables: Texts;
  /** Project folder. */
  readonly folder: string;
}

/** Gives every listed host its slots, token and certificate authority; names and addresses must be there once. */
export function resolveNodes(
  listed: readonly ListedNode[],
  place: ListPlace,
): { nodes: NodeAddress[]; problems: SettingProblem[] } {
  const problems: SettingProblem[] = [];
  const nodes: NodeAddress[] = [];
  for (const node of listed) {
    const rules = brokenRules(node, nodes, place);
    problems.push(...rules.map((rule) => toFileProblem(`node ${node.name}`, rule, node.url, place.origin)));
    if (rules.length === 0) nodes.push(toNodeAddress(node, place));
  }
  return { nodes, problems };
}

function toNodeAddress(node: ListedNode, { defaultSlots, variables, folder }: ListPlace): NodeAddress {
  const bearerToken = node.tokenVariable === undefined ? undefined : variables[node.tokenVariable];
  const authority = node.authorityFile === undefined ? undefined : readAuthority(node.authorityFile, folder);
  return {
    id: node.name as NodeId,
    url: node.url,
    slots: node.slots ?? defaultSlots,
    ...(bearerToken === undefined ? {} : { bearerToken }),
    ...(node.vramBytes === undefined ? {} : { vramBytes: node.vramBytes }),
    ...(authority?.ok ? { tls: { certificateAuthority: authority.value } } : {}),
  };
}

function brokenRules(node: ListedNode, others: readonly NodeAddress[], place: ListPlace): readonly string[] {
  const rules = [
    duplicateRule(node, others),
    refusedHostRule(node),
    missingTokenRule(node, place.variables),
    authorityRule(node, place.folder),
  ];
  return rules.filter((rule) => rule !== null);
}

function duplicateRule(node: ListedNode, others: readonly NodeAddress[]): string | null {
  if (others.some((other) => other.id === node.name)) return 'each name once; give one of them another name';
  // Slots are counted per host: the same host under two names would be overloaded.
  if (others.some((other) => other.url === node.url)) return 'each address once';
  return null;
}

function refusedHostRule({ url }: ListedNode): string | null {
  const refusal = refuseHost(new URL(url).hostname);
  return refusal === null ? null : `another host: ${refusal}`;
}

function missingTokenRule({ tokenVariable }: ListedNode, variables: Texts): string | null {
  const missing = tokenVariable !== undefined && (variables[tokenVariable] ?? '') === '';
  return missing ? `the variable ${tokenVariable}, named by token_env, must be set` : null;
}

function authorityRule({ authorityFile, url }: ListedNode, folder: string): string | null {
  if (authorityFile === undefined) return null;
  if (!url.startsWith('https:')) return 'an https:// address, where tls.ca_file is given';
  const authority = readAuthority(authorityFile, folder);
  return authority.ok ? null : `tls.ca_file ${authorityFile}: ${authority.rule}`;
}
