import type { NodeSnapshot } from '../domain/node.ts';
import type { EntryKind } from '../domain/memory-entry.ts';
import type { EntryMemory, EntryRetention } from '../memory/entry-ports.ts';
import type { Memory } from '../memory/ports.ts';
import type { PullGateway } from './pull-gateway.ts';
import type { HealthReport, ModelsReport } from './reports.ts';
import type { RunGateway } from './run-gateway.ts';
import type { RequestRules } from './wire-request.ts';

/** The few settings that the API obeys. */
export interface ApiSettings extends RequestRules {
  readonly host: string;
  readonly allowedHosts: readonly string[];
  readonly maxBodyBytes: number;
  readonly maxOpenRuns: number;
  /** Slots of a node that is added without. */
  readonly nodeSlots: number;
}

/** Which entries are written out; absent: all. */
export interface ExportFilter {
  readonly namespace?: string;
  readonly kinds?: readonly EntryKind[];
}

/** What became of the lines of an import. */
export interface ImportReport {
  readonly adopted: number;
  /** Left out: what is here is as new. */
  readonly known: number;
  /** Lines that are no entry. */
  readonly refused: number;
  /** The first hundred of them; the first line is 1. */
  readonly problems: readonly { readonly line: number; readonly problem: string }[];
}

/** Everything that the API stands on; it decides nothing itself. */
export interface ApiDeps {
  readonly memory: Memory;
  /** What was learned from finished runs: all tiers as one. */
  readonly entries: EntryMemory;
  /** Entries as JSON Lines, each with its line end. */
  exportEntries(filter: ExportFilter): AsyncIterable<string>;
  importEntries(lines: AsyncIterable<string>): Promise<ImportReport>;
  /** What the settings let stay, as of now. */
  entryRetention(): EntryRetention;
  readonly runs: RunGateway;
  readonly pulls: PullGateway;
  readonly settings: ApiSettings;
  readonly version: string;
  nodes(): Promise<readonly NodeSnapshot[]>;
  models(): Promise<ModelsReport>;
  health(): Promise<HealthReport>;
  /** What this process has counted and measured, as Prometheus text. */
  metrics(): Promise<string>;
  /** Gets every error that is a bug of ours. */
  reportError(error: unknown): void;
  /** Aborted when the service stops: event streams and waiting requests then end. */
  readonly stopping?: AbortSignal;
  /** Time between two signs of life on a quiet event stream; default 15 s. */
  readonly heartbeatMs?: number;
}
