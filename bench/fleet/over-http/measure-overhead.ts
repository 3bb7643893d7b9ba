import { median } from '../../statistics.ts';
import type { HttpRun } from './http-run.ts';

/** The time that a call spends beside its host, by the clock. */
export interface Overhead {
  readonly medianMs: number;
  /** Of all calls of the host whose answer was the last: what the makespan is longer by. */
  readonly lastHostMs: number;
}

/** Compares what the router and the hosts say of the same calls: from its last grant to its answer, less the time at the host. */
export function measureOverhead({ answers, grants, hosts }: HttpRun): Overhead {
  const last = answers.reduce((latest, answer) => (answer.endedAtMs > latest.endedAtMs ? answer : latest));
  const overheads = answers.flatMap(({ id, nodeId, endedAtMs }) => {
    const hosted = hosts.get(nodeId)?.calls.findLast(({ callId, ending }) => callId === id && ending === 'answered');
    const grantedAtMs = grants.get(id)?.at(-1);
    if (hosted === undefined || hosted.endedAtMs === null || grantedAtMs === undefined) return [];
    return [{ nodeId, ms: endedAtMs - grantedAtMs - (hosted.endedAtMs - hosted.arrivedAtMs) }];
  });
  return {
    medianMs: median(overheads.map(({ ms }) => ms)),
    lastHostMs: overheads.filter(({ nodeId }) => nodeId === last.nodeId).reduce((sum, { ms }) => sum + ms, 0),
  };
}
