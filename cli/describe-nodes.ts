import type { WireNode, WireNodeList } from '../api/wire-fleet.ts';
import { formatCount } from '../domain/format-count.ts';
import { formatSize } from '../domain/format-size.ts';
import { formatTable } from './format.ts';

/** The hosts as a table, with what was removed below it. */
export function describeNodes({ nodes, removed }: WireNodeList): readonly string[] {
  const table =
    nodes.length === 0
      ? ['No Ollama host is known; requests wait for one. Add one with: hydra nodes add http://gpu-2:11434']
      : formatTable([HEAD, ...nodes.map(describeRow)]);
  return [...table, ...describeRemoved(removed)];
}

const HEAD: readonly string[] = ['ID', 'STATE', 'BUSY', 'VERSION', 'URL', 'FROM', ''];

/** One host as the cells of a row. */
export function describeRow(node: WireNode): readonly string[] {
  const { id, url, origin, busy_slots: busy, slots, version } = node;
  return [
    id,
    describeState(node),
    `${busy}/${slots}`,
    version ?? '',
    url,
    origin,
    node.problem ?? describeModels(node),
  ];
}

/** State and what is wanted, such as `up, draining`. */
export function describeState({ state, wanted }: WireNode): string {
  return wanted === 'draining' ? `${state}, draining` : state;
}

function describeModels({ models, resident_models: residents }: WireNode): string {
  const inMemory = residents.map(({ name }) => name).join(', ') || 'none';
  return `${formatCount(models.length, 'model')}; in memory: ${inMemory}`;
}

/** Somebody who looks for one of these finds how to get it back; a long list would hide the hosts that work. */
const REMOVED_SHOWN = 5;

function describeRemoved(removed: WireNodeList['removed']): readonly string[] {
  if (removed.length === 0) return [];
  const hidden = removed.length - REMOVED_SHOWN;
  const names = removed.slice(0, REMOVED_SHOWN).map(({ id }) => id);
  const all = [...names, ...(hidden > 0 ? [`${hidden} more`] : [])].join(', ');
  return ['', `Removed: ${all}. Bring one back with: hydra nodes resume ${names[0] ?? ''}`];
}

/** Everything about one host. */
export function describeNode(node: WireNode): readonly string[] {
  return [
    `Host      ${node.id}, ${ORIGINS[node.origin]}`,
    `URL       ${node.url}`,
    `State     ${describeState(node)}${node.problem === null ? '' : `: ${node.problem}`}`,
    `Slots     ${node.busy_slots} of ${node.slots} busy`,
    `VRAM      ${describeVram(node.vram)}`,
    `Version   ${node.version ?? 'not known'}`,
    `Seen      ${node.seen_at === null ? 'never' : `${node.seen_at.slice(0, 19).replace('T', ' ')} UTC`}`,
    ...describeModelTable(node),
  ];
}

function describeVram({ total_bytes: total, used_bytes: used, source }: WireNode['vram']): string {
  const inUse = `${formatSize(used)} in use`;
  if (total === null) return `${inUse}; how much it has is not known`;
  return `${inUse} of ${formatSize(total)}${source === 'learned' ? ' or more' : ''}`;
}

const ORIGINS: Readonly<Record<WireNode['origin'], string>> = {
  settings: 'from the settings',
  added: 'added by hand',
  discovered: 'found by discovery',
};

const MODEL_HEAD: readonly string[] = ['MODEL', 'SIZE', 'PARAMETERS', 'IN MEMORY', 'SPEED', 'AT ONCE', 'FAILED'];

function describeModelTable(node: WireNode): readonly string[] {
  if (node.models.length === 0) return ['Models    none'];
  return ['', ...formatTable([MODEL_HEAD, ...node.models.map((model) => describeModelRow(model, node))])];
}

function describeModelRow(model: WireNode['models'][number], { resident_models, speeds }: WireNode): readonly string[] {
  const resident = resident_models.find(({ name }) => name === model.name);
  const measured = speeds.find((speed) => speed.model === model.name);
  const tokensPerSecond = measured?.completion_tokens_per_second ?? null;
  return [
    model.name,
    formatSize(model.size_bytes),
    model.parameter_size,
    resident ? describeResident(resident) : '',
    tokensPerSecond === null ? '' : `${tokensPerSecond.toFixed(1)} tokens/s`,
    String(measured?.parallelism ?? ''),
    measured ? formatShare(measured.failure_share) : '',
  ];
}

/** What spills out of the graphics memory makes a model slow. */
function describeResident({ size_bytes: size, vram_bytes: vram }: WireNode['resident_models'][number]): string {
  return vram < size ? `${formatShare(vram / size)} in VRAM` : 'yes';
}

/** A little is not nothing, and nearly all is not all. */
function formatShare(share: number): string {
  if (share > 0 && share < 0.01) return '< 1 %';
  return share > 0.99 && share < 1 ? '> 99 %' : `${Math.round(share * 100)} %`;
}
