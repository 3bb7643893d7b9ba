/** A model as the bench's hosts have it. */
export interface BenchModel {
  readonly name: string;
  /** In memory, its context included. */
  readonly sizeBytes: number;
}

/** How fast one host runs one model. */
export interface BenchSpeed {
  readonly promptTokensPerSecond: number;
  readonly completionTokensPerSecond: number;
}

/** An Ollama host of the bench. */
export interface BenchHost {
  readonly id: string;
  /** OLLAMA_NUM_PARALLEL. */
  readonly slots: number;
  readonly vramBytes: number;
  readonly loadBytesPerSecond: number;
  /** By model name, of one slot; a model that does not fit is left out: the host does not have it. */
  readonly speeds: Readonly<Record<string, BenchSpeed>>;
}

export interface BenchFleet {
  readonly name: 'mixed' | 'identical' | 'one-big';
  readonly hosts: readonly BenchHost[];
  readonly models: readonly BenchModel[];
}

/** The start of a prompt that several calls share. */
export interface SharedPrefix {
  readonly id: string;
  /** Part of the call's prompt tokens. */
  readonly tokens: number;
}

/** One model call. */
export interface BenchCall {
  /** Unique in its workload. */
  readonly id: string;
  readonly model: string;
  readonly promptTokens: number;
  readonly prefix: SharedPrefix | null;
  /** What the answer has; no policy knows it beforehand. */
  readonly completionTokens: number;
  /** What a caller would predict: the same for all calls of a kind. */
  readonly predictedTokens: number;
  /** Calls of the same job that must have ended. */
  readonly after: readonly string[];
}

/** Calls that somebody waits for together. */
export interface BenchJob {
  readonly id: string;
  readonly namespace: string;
  readonly arrivesAtSeconds: number;
  readonly calls: readonly BenchCall[];
}

export interface Workload {
  readonly name: 'burst' | 'capped-burst' | 'fan-out' | 'shared-prefix' | 'two-callers';
  readonly jobs: readonly BenchJob[];
  /** Jobs that the client keeps open at the same time; null: all that have arrived. */
  readonly atOnce: number | null;
}

/** What goes wrong. `hostId` names the host; times count from the start of the workload. */
export type BenchFault =
  /** X1, and X6 with a return: the machine is gone, its connections are reset. */
  | {
      readonly kind: 'crash';
      readonly hostId: string;
      readonly atSeconds: number;
      readonly returnsAtSeconds: number | null;
    }
  /** X2: nothing comes any more, and no connection is closed. */
  | { readonly kind: 'freeze'; readonly hostId: string; readonly atSeconds: number }
  /** X3: this share of the answers ends half-way, without `done`. */
  | { readonly kind: 'truncate'; readonly hostId: string; readonly atSeconds: number; readonly share: number }
  /** X4: prompt and answer take longer by this factor. */
  | { readonly kind: 'slow'; readonly hostId: string; readonly atSeconds: number; readonly factor: number }
  /** X5: the process that routes is killed, and everything it knew and held is gone. */
  | { readonly kind: 'kill-router'; readonly atSeconds: number };

/** All that a run of the bench is determined by, beside the policy. */
export interface Scenario {
  readonly seed: number;
  readonly fleet: BenchFleet;
  readonly workload: Workload;
  readonly faults: readonly BenchFault[];
}
