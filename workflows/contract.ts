/** Names on the wire. They change only together with `patched()` and a newly recorded history. */
import type { Selection } from '../domain/decision.ts';
import type { ContentHash, NodeId, PartId, RunId } from '../domain/ids.ts';
import { fullModelName } from '../domain/model-name.ts';
import type { ProgramScope } from '../domain/program-scope.ts';
import type { Repair } from '../domain/proven-work.ts';
import type { DecomposeMode, Priority, RequestLimits } from '../domain/request.ts';
import type { Spent } from '../domain/result.ts';

export const SYNTHESIZE_CODE = 'synthesizeCode';

/** Workflow ID of the child that builds one part. */
export function partWorkflowId(runId: RunId, partId: PartId): string {
  return `${runId}/${partId}`;
}

/** Queue of the workflows and of quick activities. */
export const CONTROL_QUEUE = 'control';
/** Queue of the fleet owner: waiting for a node. */
export const FLEET_QUEUE = 'fleet';
/** Queue of sandboxed verification; its slots are the machine's cores. */
export const VERIFY_QUEUE = 'verify';

/** Query: what the run is doing; answers a `RunProgress`. */
export const PROGRESS_QUERY = 'progress';

/** Signal from a part's child workflow to its run: a `PartNews`. */
export const PART_NEWS_SIGNAL = 'partNews';

/** What a part does and has spent so far, told at each of its decisions: a part that is lost has still been paid for. */
export interface PartNews {
  readonly partId: PartId;
  readonly doing: string;
  readonly spent: Spent;
}

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
/** Memo of the workflow: hash of the stored request, from which a lost row of the run table is made again. */
export const REQUEST_HASH_MEMO = 'requestHash';

/** Search attributes, registered by `temporal-dev.yaml`. */
export const SEARCH_ATTRIBUTES = {
  state: 'HydraState',
  language: 'HydraLanguage',
  models: 'HydraModels',
  nodes: 'HydraNodes',
  verified: 'HydraVerified',
} as const;

/** Input of `buildPart`. */
export interface BuildPartInput {
  readonly scope: ProgramScope;
  readonly timeouts: RunTimeouts;
}

/** What a part's child workflow hands back. */
export interface BuildPartOutput {
  readonly selection: Selection | null;
  readonly spent: Spent;
  readonly seconds: number;
  /** What the result should say about how the part was made. */
  readonly notes: readonly string[];
  readonly repairs: readonly Repair[];
  /** True when it was cancelled, by its run's limit or by hand; `selection` is then the best there was until then. */
  readonly wasCancelled: boolean;
}

export const PULL_MODEL = 'pullModel';

/** Workflow ID of the pull of a model: there is one at a time for each. */
export function pullWorkflowId(model: string): string {
  return `pull/${fullModelName(model)}`;
}

/** Query: how far a pull is; answers a `PullReport`. Bytes of a tenth ago; the heartbeats of its activities have newer ones. */
export const PULL_REPORT_QUERY = 'pullReport';
/** Signal: these hosts, a list of `NodeId`, are to have the model, too. */
export const PULL_NODES_SIGNAL = 'pullNodes';
/** Signal from the pull on one host: a `NodePull`. */
export const NODE_PULL_SIGNAL = 'nodePull';
/** Memo of an ended pull: its `PullReport`, for readers who want no worker for it. */
export const PULL_REPORT_MEMO = 'pullReport';

/** Input of `pullModel`. */
export interface PullInput {
  readonly model: string;
  readonly nodes: readonly NodeId[];
  readonly heartbeatMs: number;
}
