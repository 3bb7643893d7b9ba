import type { NodeId } from '../domain/ids.ts';
import { sameModel } from '../domain/model-name.ts';
import type { NodeSnapshot } from '../domain/node.ts';
import { shortenValue, type FieldError } from './describe-issues.ts';
import { rejectRequest } from './reject-request.ts';
import type { PullBody } from './wire-pull.ts';

/**
 * The hosts that a pull is for: those that are named, whether up or not; else the hosts that are up and in use, or as many of
 * them as are asked for.
 * Errors: RequestRejected, naming the hosts that are not known, or what is missing.
 */
export function choosePullNodes({ model, nodes, on }: PullBody, known: readonly NodeSnapshot[]): readonly NodeId[] {
  if (nodes && on !== undefined) throw rejectRequest([rule('on', 'must not stand beside nodes', on)]);
  if (nodes) return requireKnown(nodes, known);
  const usable = known.filter(({ state, wanted }) => state === 'up' && wanted === 'active');
  if (usable.length === 0) {
    throw rejectRequest([rule('nodes', 'must name the hosts to wait for, because none is up and in use now', nodes)]);
  }
  if (on === undefined) return usable.map(({ id }) => id);
  if (on > usable.length) {
    throw rejectRequest([rule('on', `must be at most ${usable.length}, the hosts that are up and in use now`, on)]);
  }
  const has = (node: NodeSnapshot): number => Number(node.models.some(({ name }) => sameModel(name, model)));
  const vram = (node: NodeSnapshot): number => node.vramBytes ?? 0;
  const byFitness = usable.toSorted((left, right) => has(right) - has(left) || vram(right) - vram(left));
  return byFitness.slice(0, on).map(({ id }) => id);
}

function requireKnown(names: readonly string[], known: readonly NodeSnapshot[]): readonly NodeId[] {
  const ids = known.map(({ id }) => id);
  const unknown = names.flatMap((name, index) =>
    ids.includes(name as NodeId) ? [] : [rule(`nodes[${index}]`, `must be one of ${ids.join(', ')}`, name)],
  );
  if (unknown.length > 0) throw rejectRequest(unknown);
  return [...new Set(names)] as NodeId[];
}

function rule(field: string, text: string, value: unknown): FieldError {
  return { field, rule: text, value: shortenValue(value) };
}
