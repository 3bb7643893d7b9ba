import type { HostProcess } from '../over-http/host-process.ts';
import type { BenchCall } from '../scenario.ts';

/** A router of others that the bench compares with. */
export interface Peer {
  readonly name: string;
  readonly version: string;
  /** How it was set up, for people. */
  readonly configuration: string;
  /** Starts it in front of these hosts, with its files in the folder; resolves when it serves. */
  start(hosts: readonly HostProcess[], folder: string): Promise<RunningPeer>;
}

export interface RunningPeer {
  /** Sends one call. Errors: whatever its caller would see as a failure. */
  ask(call: BenchCall): Promise<PeerAnswer>;
  stop(): Promise<void>;
}

/** What came back without an error: for its caller it is complete. */
export interface PeerAnswer {
  readonly text: string;
}

/** A peer that is there, or why it is not. */
export type FoundPeer =
  | { readonly kind: 'found'; readonly peers: readonly Peer[] }
  | { readonly kind: 'skipped'; readonly name: string; readonly reason: string };
