import type { NodeSnapshot } from '../domain/node.ts';
import type { Memory } from '../memory/ports.ts';
import type { HealthReport, ModelsReport } from './reports.ts';
import type { RunGateway } from './run-gateway.ts';
import type { RequestRules } from './wire-request.ts';

/** The few settings that the API obeys. */
export interface ApiSettings extends RequestRules {
  readonly host: string;
  readonly allowedHosts: readonly string[];
  readonly maxBodyBytes: number;
  readonly maxOpenRuns: number;
}

/** Everything that the API stands on; it decides nothing itself. */
export interface ApiDeps {
  readonly memory: Memory;
  readonly runs: RunGateway;
  readonly settings: ApiSettings;
  readonly version: string;
  nodes(): Promise<readonly NodeSnapshot[]>;
  models(): Promise<ModelsReport>;
  health(): Promise<HealthReport>;
  /** Gets every error that is a bug of ours. */
  reportError(error: unknown): void;
  /** Aborted when the service stops: event streams and waiting requests then end. */
  readonly stopping?: AbortSignal;
  /** Time between two signs of life on a quiet event stream; default 15 s. */
  readonly heartbeatMs?: number;
}
