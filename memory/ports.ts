import type { ContentHash, NodeId, RunId, StepKey } from '../domain/ids.ts';
import type { DecisionOutcome, FleetDecision } from '../domain/fleet-decision.ts';
import type { NodeSnapshot } from '../domain/node.ts';
import type { NodeKnowledge } from '../domain/node-knowledge.ts';
import type { AddedNode, NodePlace, NodeRecord, WantedState } from '../domain/node-record.ts';
import type { NewRunEvent, RunEvent } from '../domain/run-event.ts';
import type { RunRecord, RunStatus } from '../domain/run.ts';
import type { EntryRecord } from './entry-ports.ts';

/** Texts by content hash: programs, requests, plans, model answers. Writing the same text twice stores it once. */
export interface ArtifactStore {
  putText(text: string): Promise<ContentHash>;
  getText(hash: ContentHash): Promise<string | undefined>;
}

/** The first accepted result of each step. */
export interface StepResultStore {
  find(key: StepKey): Promise<unknown>;
  /** Stores the value unless the key has one; returns what is stored, which is the first. The value is JSON. */
  acceptOnce(key: StepKey, runId: RunId, value: unknown): Promise<unknown>;
}

export interface RunPage {
  readonly runs: readonly RunRecord[];
  /** Pass it back to get the next page; null at the end. */
  readonly nextCursor: string | null;
}

/** The run table: a projection of the workflows, reconciled with Temporal. */
export interface RunStore {
  /** Inserts the row; false when the ID exists. */
  insert(run: RunRecord): Promise<boolean>;
  /**
   * Changes the row. A row with a terminal status keeps status, result and error, whatever comes later.
   * Returns false when there is no such row or it was terminal.
   */
  update(id: RunId, change: Partial<Pick<RunRecord, 'status' | 'progress' | 'result' | 'error'>>): Promise<boolean>;
  find(id: RunId): Promise<RunRecord | undefined>;
  /** Newest first. */
  list(filter: { readonly status?: RunStatus; readonly limit: number; readonly cursor?: string }): Promise<RunPage>;
  /** Runs that are queued or running. */
  listOpen(): Promise<readonly RunRecord[]>;
  countOpen(): Promise<number>;
  /** A status that no run has is left out. */
  countByStatus(): Promise<Readonly<Partial<Record<RunStatus, number>>>>;
}

/** What happens in a run, in order. Tokens go here and never into a workflow history. */
export interface RunEventLog {
  /**
   * Appends in one transaction, which gives each event its sequence (1, 2, 3 … per run). Nothing follows `run.finished`: what a
   * call or a check says that the run no longer waits for, or a second end, is dropped.
   */
  append(events: readonly NewRunEvent[]): Promise<void>;
  /** Events with a sequence above `after`, oldest first. */
  read(runId: RunId, after: number, limit: number): Promise<readonly RunEvent[]>;
  /** All events of a run but its text, oldest first: a few per model call, where pieces of text are hundreds. */
  readWithoutText(runId: RunId): Promise<readonly RunEvent[]>;
  /** Events of all runs that are kept. */
  count(): Promise<number>;
  /** Events above `after`, then new ones as they come, from this process or another; ends after `run.finished` or on abort. */
  subscribe(runId: RunId, after: number, signal: AbortSignal): AsyncIterable<RunEvent>;
}

/** What the fleet owner last saw, for processes that do not own the fleet. */
export interface NodeSnapshotStore {
  write(nodes: readonly NodeSnapshot[]): Promise<void>;
  read(): Promise<readonly NodeSnapshot[]>;
}

/** What was learned of the nodes, kept over restarts. */
export interface FleetKnowledgeStore {
  /** Replaces what is kept of these nodes; what is kept of others stays. */
  write(entries: readonly NodeKnowledge[]): Promise<void>;
  read(): Promise<readonly NodeKnowledge[]>;
}

/** What people have said of the nodes: written by any process, followed by the owner of the fleet. */
export interface NodeRegistry {
  /** In the order in which each was first spoken of. */
  list(): Promise<readonly NodeRecord[]>;
  /** Adds a node, or one in the place of a removed one; false when another added node has the ID. */
  add(node: AddedNode): Promise<boolean>;
  /** Says what is wanted of a node, whoever named it. */
  setWanted(node: NodePlace, wanted: WantedState): Promise<void>;
  /** Asks for a look at the node at once; gives the number of the question. */
  askProbe(node: NodePlace): Promise<number>;
  /** The owner has looked: this question and those before it are answered. */
  answerProbe(id: NodeId, question: number): Promise<void>;
}

/** How the granted call of a lease ended. */
export type EndedDecision = DecisionOutcome & { readonly leaseId: string };

/** Which decisions are wanted: of one run, of one host that was chosen, or all. */
export interface DecisionFilter {
  readonly limit: number;
  readonly runId?: RunId;
  readonly nodeId?: NodeId;
}

/** The last thousand grants of the scheduler, for people who ask why. */
export interface DecisionLog {
  /** Adds grants, and the outcomes of these and of earlier ones; an outcome of an unknown lease is dropped. */
  append(decisions: readonly FleetDecision[], outcomes: readonly EndedDecision[]): Promise<void>;
  /** Newest first. */
  list(filter: DecisionFilter): Promise<readonly FleetDecision[]>;
}

/** One holder at a time for a named duty; a holder that stops renewing loses it. */
export interface OwnershipStore {
  /** Takes or renews the duty; false when another holder has it. */
  claim(duty: string, holder: string, leaseMs: number): Promise<boolean>;
  release(duty: string, holder: string): Promise<void>;
}

/** What a clean-up removed. */
export interface PruneReport {
  readonly runs: number;
  readonly artifacts: number;
}

/** Everything that Hydra keeps. */
export interface Memory {
  readonly artifacts: ArtifactStore;
  readonly steps: StepResultStore;
  readonly runs: RunStore;
  readonly events: RunEventLog;
  /** The system of record of what is remembered over runs. */
  readonly entries: EntryRecord;
  readonly nodeSnapshots: NodeSnapshotStore;
  readonly nodeRegistry: NodeRegistry;
  readonly fleetKnowledge: FleetKnowledgeStore;
  readonly decisions: DecisionLog;
  readonly ownership: OwnershipStore;
  /** Removes runs that ended before a time (ISO 8601 in UTC), and artifacts and knowledge of hosts that nobody used since. */
  prune(before: string): Promise<PruneReport>;
  /** Schema version and file size, for `doctor` and `/health`. */
  describe(): Promise<{ readonly location: string; readonly schemaVersion: number; readonly sizeBytes: number }>;
  close(): Promise<void>;
}
