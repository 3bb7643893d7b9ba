import type { SandboxEnding, SandboxLimits } from '../program-runner.ts';
import type { DriverFrame, Item } from './frame-reader.ts';
import type { OutputCollector } from './output-collector.ts';

/** What is asked of a process that is ready. */
export interface ProcessJob {
  readonly payload: Readonly<Record<string, unknown>>;
  /** True for a program, which ends by itself; else the driver says when it is done. */
  readonly endsByItself: boolean;
  readonly stdin: string;
  readonly limits: SandboxLimits;
  /** What is left of the job's wall clock and CPU time. */
  readonly wallClockMs: number;
  readonly cpuMs: number;
  readonly output: OutputCollector;
  onFrame(frame: DriverFrame): void;
}

/** How a process ended, and what it was doing then. */
export interface ProcessEnd {
  readonly ending: SandboxEnding | 'call_timeout';
  readonly item: Item | null;
  readonly exitCode: number | null;
  readonly cpuMs: number;
  /** From the hand-over of the job on; the start of the process is not the program's time. */
  readonly wallClockMs: number;
}
