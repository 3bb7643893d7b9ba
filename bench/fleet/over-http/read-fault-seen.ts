import type { RunId } from '../../../domain/ids.ts';
import type { RunEvent } from '../../../domain/run-event.ts';
import type { Memory } from '../../../memory/ports.ts';
import type { Scenario } from '../scenario.ts';
import type { FaultSeen } from './http-run.ts';

/** Reads what the events of the runs say of the time after a fault. */
export async function readFaultSeen(
  { workload, faults }: Scenario,
  atMs: number,
  { events }: Pick<Memory, 'events'>,
): Promise<FaultSeen> {
  const lists = await Promise.all(workload.jobs.map(({ id }) => events.readWithoutText(id as RunId)));
  const after = lists.flat().filter((event) => Date.parse(event.at) > atMs);
  const [fault] = faults;
  const hostId = fault === undefined || fault.kind === 'kill-router' ? null : fault.hostId;
  const leftAt = after.filter((event) => event.body.type === 'model.rerouted' && event.body.nodeId === hostId);
  const started = after.filter((event) => event.body.type === 'model.started');
  return {
    atMs,
    leftHostAtMs: leftAt.map(momentOf),
    nextStartAtMs: started.length === 0 ? null : Math.min(...started.map(momentOf)),
  };
}

function momentOf({ at }: RunEvent): number {
  return Date.parse(at);
}
