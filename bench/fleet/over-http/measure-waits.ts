import type { CallWaits } from '../play-scenario.ts';
import type { HttpRun } from './http-run.ts';

/** The time that the calls of a run spent beside their hosts, as the client, the router and the hosts saw it. */
export function measureWaits(run: HttpRun): CallWaits {
  return { toRouter: waitsToRouter(run), besideHost: waitsBesideHost(run) };
}

/** From the moment when a call could be asked, which is the start of its job or the last answer before it, to the scheduler. */
function waitsToRouter({ jobs, answers, grants, startedAtMs, fault }: HttpRun): ReadonlyMap<string, number> {
  const endedAtMs = new Map(answers.map((answer) => [answer.id, answer.endedAtMs]));
  const waits = new Map<string, number>();
  for (const { job, startedAtMs: jobMs } of jobs) {
    for (const { id, after } of job.calls) {
      const arrivedAtMs = grants.get(id)?.[0]?.arrivedAtMs;
      const readyAtMs = Math.max(startedAtMs + jobMs, ...after.map((earlier) => endedAtMs.get(earlier) ?? 0));
      // A router that was killed has left no word of the calls that waited in it; they reach the next one anew.
      const isSecondTime = fault !== null && readyAtMs < fault.atMs && (arrivedAtMs ?? 0) > fault.atMs;
      if (arrivedAtMs !== undefined && !isSecondTime) waits.set(id, Math.max(0, arrivedAtMs - readyAtMs) / 1000);
    }
  }
  return waits;
}

/** From the last grant of a call to its answer, less the time at the host. */
function waitsBesideHost({ answers, grants, hosts }: HttpRun): ReadonlyMap<string, number> {
  const waits = new Map<string, number>();
  for (const { id, nodeId, endedAtMs } of answers) {
    const hosted = hosts.get(nodeId)?.calls.findLast(({ callId, ending }) => callId === id && ending === 'answered');
    const grantedAtMs = grants.get(id)?.at(-1)?.atMs;
    if (hosted === undefined || hosted.endedAtMs === null || grantedAtMs === undefined) continue;
    waits.set(id, Math.max(0, endedAtMs - grantedAtMs - (hosted.endedAtMs - hosted.arrivedAtMs)) / 1000);
  }
  return waits;
}
