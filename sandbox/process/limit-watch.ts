import type { DriverFrame, Item } from './frame-reader.ts';
import { readUsage } from './process-usage.ts';
import type { ProcessEnd, ProcessJob } from './process-job.ts';

// Short enough that a program which allocates 1 GiB a second overshoots by 50 MiB; each look costs about 0.1 ms.
const WATCH_INTERVAL_MS = 50;

/** Watches one running job from outside. */
export interface LimitWatch {
  see(frame: DriverFrame): void;
  /** Ends the process; the first reason given is the one that counts. */
  stopWith(ending: ProcessEnd['ending']): void;
  stop(): void;
  verdict(): ProcessEnd['ending'] | null;
  /** The call or test that was running last and has not answered. */
  item(): Item | null;
  isDone(): boolean;
  cpuMs(): number;
}

/** Looks at the limits of one running job from outside and kills at the first that is crossed. */
export function createLimitWatch(pid: number, job: ProcessJob, kill: () => void, signal: AbortSignal): LimitWatch {
  const { limits } = job;
  const before = readUsage(pid);
  let verdict: ProcessEnd['ending'] | null = null;
  let item: Item | null = null;
  let done = false;
  let cpuMs = 0;
  let callTimer: NodeJS.Timeout | undefined;
  const stopWith = (ending: ProcessEnd['ending']): void => {
    if (!done) verdict ??= ending;
    kill();
  };
  const look = (): void => {
    const usage = readUsage(pid);
    cpuMs = Math.max(cpuMs, usage.cpuMs - before.cpuMs);
    if (cpuMs > job.cpuMs) stopWith('cpu');
    if (usage.memoryBytes - before.memoryBytes > limits.memoryBytes) stopWith('memory');
    if (usage.processes - before.processes > limits.processes) stopWith('processes');
  };
  const cancel = (): void => stopWith('cancelled');
  const interval = setInterval(look, WATCH_INTERVAL_MS);
  const wallTimer = setTimeout(() => stopWith('wall_clock'), job.wallClockMs);
  signal.addEventListener('abort', cancel);
  if (signal.aborted) cancel();
  return {
    see(frame) {
      clearTimeout(callTimer);
      if (frame.kind === 'started') {
        item = frame.item;
        callTimer = setTimeout(() => stopWith('call_timeout'), limits.callMs);
      } else if (frame.kind === 'call' || frame.kind === 'test') item = null;
      if (frame.kind === 'done') done = true;
    },
    stopWith,
    stop() {
      clearInterval(interval);
      clearTimeout(wallTimer);
      clearTimeout(callTimer);
      signal.removeEventListener('abort', cancel);
    },
    verdict: () => verdict,
    item: () => item,
    isDone: () => done,
    cpuMs: () => cpuMs,
  };
}
