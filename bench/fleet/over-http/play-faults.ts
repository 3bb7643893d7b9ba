import type { BenchFault } from '../scenario.ts';
import type { HostFleet } from './host-fleet.ts';
import type { RestartableRouter } from './restartable-router.ts';

/** The faults of a run, on their way. */
export interface RunningFaults {
  /** What has not happened will not. */
  callOff(): void;
  /** The moment of the first one, when all that began have happened; null when none came. */
  firstAtMs(): Promise<number | null>;
}

/** Lets each fault happen at its time after this moment. `router` is null where there is none to be killed. */
export function playFaults(
  faults: readonly BenchFault[],
  hosts: HostFleet,
  router: Pick<RestartableRouter, 'killAndRestart'> | null,
): RunningFaults {
  const happening: Promise<void>[] = [];
  let firstMs: number | null = null;
  const at = (seconds: number, act: () => Promise<void>): NodeJS.Timeout =>
    setTimeout(() => {
      firstMs ??= Date.now();
      happening.push(act());
    }, seconds * 1000);
  const timers = faults.flatMap((fault) => [
    at(fault.atSeconds, () => (fault.kind === 'kill-router' ? killRouter(router) : hosts.apply(fault))),
    ...(fault.kind === 'crash' && fault.returnsAtSeconds !== null
      ? [at(fault.returnsAtSeconds, () => hosts.bringBack(fault.hostId))]
      : []),
  ]);
  return {
    callOff() {
      for (const timer of timers) clearTimeout(timer);
    },
    async firstAtMs() {
      await Promise.all(happening);
      return firstMs;
    },
  };
}

async function killRouter(router: Pick<RestartableRouter, 'killAndRestart'> | null): Promise<void> {
  if (router === null) throw new Error('There is no router to be killed.');
  await router.killAndRestart();
}
