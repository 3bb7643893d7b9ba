/** Names on the wire. They change only together with `patched()` and a newly recorded history. */
import type { Plan, PlanPart } from '../domain/plan.ts';
import type { Classification } from '../domain/classification.ts';
import type { ContentHash, PartId, RunId } from '../domain/ids.ts';
import type { DecomposeMode, Priority, RequestLimits } from '../domain/request.ts';
import type { RunProgress } from '../domain/run.ts';

export const SYNTHESIZE_CODE = 'synthesizeCode';
export const BUILD_PART = 'buildPart';

/** Queue of the workflows and of quick activities. */
export const CONTROL_QUEUE = 'control';
/** Queue of the fleet owner: waiting for a node. */
export const FLEET_QUEUE = 'fleet';
/** Queue of sandboxed verification; its slots are the machine's cores. */
export const VERIFY_QUEUE = 'verify';

/** Query: what the run is doing; answers a `RunProgress`. */
export const PROGRESS_QUERY = 'progress';
export type ProgressAnswer = RunProgress;

/** Timeouts that a run carries with it, so that tests can shrink them and replay stays deterministic. */
export interface RunTimeouts {
  readonly heartbeatMs: number;
  readonly scheduleToStartMs: number;
  readonly generateMs: number;
  readonly maxWaitForNodeMs: number;
  readonly verifyMs: number;
}

/** Input of `synthesizeCode`. The whole request is the artifact `requestHash`; here is what the workflow itself decides by. */
export interface SynthesisInput {
  readonly runId: RunId;
  readonly requestHash: ContentHash;
  /** First characters of the prompt, for people. */
  readonly promptExcerpt: string;
  readonly decompose: DecomposeMode;
  readonly priority: Priority;
  readonly fresh: boolean;
  readonly limits: RequestLimits;
  readonly timeouts: RunTimeouts;
}

/** Memo of the workflow: the hash of the submitted body tells the same idempotent request from another. */
export const BODY_HASH_MEMO = 'bodyHash';

/** Search attributes, registered by `temporal-dev.yaml`. */
export const SEARCH_ATTRIBUTES = {
  state: 'HydraState',
  language: 'HydraLanguage',
  models: 'HydraModels',
  nodes: 'HydraNodes',
  verified: 'HydraVerified',
} as const;

/** What a part is built from. `plan` travels by hash; `part` is repeated for the Web UI. */
export interface BuildPartInput {
  readonly runId: RunId;
  readonly requestHash: ContentHash;
  readonly classification: Classification;
  readonly planHash: ContentHash;
  readonly part: PlanPart;
  /** Accepted programs of the parts that this one uses. */
  readonly dependencies: readonly { readonly partId: PartId; readonly programHash: ContentHash }[];
  readonly priority: Priority;
  readonly limits: RequestLimits;
  readonly timeouts: RunTimeouts;
}

export type { Plan };
