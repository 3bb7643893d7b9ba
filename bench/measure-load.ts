import type { BenchTemporal } from './bench-temporal.ts';
import type { HydraProcess } from './hydra-process.ts';
import type { LoadReport } from './messages.ts';
import type { RunHistory } from './read-history.ts';
import { readOwnMemory, readUsages, readVerifyMemory, usedBetween, type UsedBetween } from './usage.ts';
import type { Load } from './workload.ts';

export type SideName = 'hydra' | 'stock';

/** One of the two that are compared: the same Hydra on two Temporal servers. */
export interface Side {
  readonly name: SideName;
  readonly hydra: HydraProcess;
  readonly temporal: BenchTemporal;
}

/** One burst on one side. */
export interface Measurement {
  readonly side: SideName;
  readonly load: Load;
  readonly report: LoadReport;
  readonly used: UsedBetween;
  /** Of some of its runs. */
  readonly histories: readonly RunHistory[];
  /** Of its main process. */
  readonly hydraMemoryBytes: number;
  readonly verifyMemoryBytes: number;
  readonly serverMemoryBytes: number;
  readonly databaseBytes: number;
}

/** Histories that are read after each burst: enough for quantiles, and read in a second. */
const HISTORIES = 20;

/** Has one side carry out a load. `firstIndex` keeps its requests apart from all others. */
export async function measureLoad(side: Side, load: Load, seed: number, firstIndex: number): Promise<Measurement> {
  const { hydra, temporal } = side;
  const bytesBefore = temporal.databaseBytes();
  const before = readUsages(hydra.pid, temporal.pid);
  const report = await hydra.ask('load', { load, seed, firstIndex });
  const after = readUsages(hydra.pid, temporal.pid);
  const databaseBytes = temporal.databaseBytes() - bytesBefore;
  const histories = await hydra.ask('histories', { runIds: report.runIds.slice(0, HISTORIES) });
  return {
    side: side.name,
    load,
    report,
    used: usedBetween(before, after),
    histories,
    hydraMemoryBytes: readOwnMemory(hydra.pid),
    verifyMemoryBytes: readVerifyMemory(hydra.pid),
    serverMemoryBytes: readOwnMemory(temporal.pid),
    databaseBytes,
  };
}
