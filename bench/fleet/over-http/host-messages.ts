import type { SimulatedFault } from '../../../models/simulated-node/faults.ts';
import type { CallEnding } from '../../../models/simulated-node/call-log.ts';
import type { BenchHost, BenchModel } from '../scenario.ts';

/** What a host process is told. */
export type HostOrder =
  | { readonly kind: 'start'; readonly host: BenchHost; readonly models: readonly BenchModel[]; readonly port: number }
  /** As a machine that loses power: every connection is reset, and nothing listens. */
  | { readonly kind: 'crash' }
  | { readonly kind: 'fault'; readonly fault: SimulatedFault }
  | { readonly kind: 'report' };

/** One generation as the host saw it. */
export interface HostedCall {
  readonly callId: string;
  readonly arrivedAtMs: number;
  /** Null for a call that was open when the host crashed or when it was asked. */
  readonly endedAtMs: number | null;
  readonly ending: CallEnding;
}

/** What a host has seen, over all its starts. */
export interface HostReport {
  readonly calls: readonly HostedCall[];
  readonly loads: number;
  readonly refused: number;
}

export type HostAnswer =
  | { readonly kind: 'started'; readonly url: string }
  | { readonly kind: 'done' }
  | { readonly kind: 'report'; readonly report: HostReport }
  | { readonly kind: 'failed'; readonly message: string };
