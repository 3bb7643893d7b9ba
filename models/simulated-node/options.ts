import type { AnswerSource } from './answer-source.ts';
import type { SimulatedFault } from './faults.ts';

/** A model that the simulated node has. */
export interface SimulatedModel {
  readonly name: string;
  readonly sizeBytes: number;
  readonly family: string;
  /** For people, such as `1.5B`. */
  readonly parameterSize: string;
  readonly contextTokens: number;
  /** As Ollama names them: `completion`, `thinking`, `tools`, `embedding`. */
  readonly capabilities: readonly string[];
  /** Memory that each token of context takes, a multiple of four; absent: none is counted. */
  readonly contextBytesPerToken?: number;
}

/** How fast the node is. `Infinity` means: at once, without a timer. */
export interface SimulatedSpeed {
  readonly promptTokensPerSecond: number;
  readonly completionTokensPerSecond: number;
  readonly loadBytesPerSecond: number;
  /** From the registry. */
  readonly pullBytesPerSecond: number;
}

/** What may be set; everything has a default. */
export interface SimulatedNodeOptions {
  readonly host?: string;
  /** 0 takes a free one. */
  readonly port?: number;
  readonly version?: string;
  readonly models?: readonly SimulatedModel[];
  /** OLLAMA_NUM_PARALLEL: requests that one loaded model works on at once. */
  readonly slots?: number;
  /** OLLAMA_MAX_QUEUE: requests that may wait for a model to be loaded. */
  readonly maxQueue?: number;
  readonly vramBytes?: number;
  readonly speed?: Partial<SimulatedSpeed>;
  /** By model name, where a model runs at another speed than `speed` says. */
  readonly modelSpeeds?: Readonly<Record<string, Partial<SimulatedSpeed>>>;
  /** True: no more than `slots` answers run at full speed, whatever their models; else each model has a node to itself. */
  readonly sharesCompute?: boolean;
  /** True: a slot reads again only what differs from the prompt that it read before. */
  readonly cachesPrompts?: boolean;
  /** Tokens that come faster than this are written together; a node with much to write is lighter so. */
  readonly writeIntervalMs?: number;
  readonly answers?: AnswerSource;
  readonly faults?: readonly SimulatedFault[];
  /** When given, every call must carry it. */
  readonly bearerToken?: string;
}

export type CompleteOptions = Required<Omit<SimulatedNodeOptions, 'bearerToken' | 'faults' | 'answers' | 'speed'>> & {
  readonly speed: SimulatedSpeed;
};

const GIGABYTE = 1024 ** 3;

/** A model with the usual facts of a small one. */
export function simulatedModel(name: string, facts: Partial<SimulatedModel> = {}): SimulatedModel {
  return {
    name,
    sizeBytes: GIGABYTE,
    family: 'llama',
    parameterSize: '1.5B',
    contextTokens: 32_768,
    capabilities: ['completion'],
    ...facts,
  };
}

/** Fills in what is not set: one model, one slot, a card of 24 GB, and no delays. */
export function completeOptions(options: SimulatedNodeOptions): CompleteOptions {
  return {
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 0,
    version: options.version ?? '0.12.6',
    models: options.models ?? [simulatedModel('simulated:latest')],
    slots: options.slots ?? 1,
    maxQueue: options.maxQueue ?? 512,
    vramBytes: options.vramBytes ?? 24 * GIGABYTE,
    modelSpeeds: options.modelSpeeds ?? {},
    sharesCompute: options.sharesCompute ?? false,
    cachesPrompts: options.cachesPrompts ?? false,
    // Shorter waits are more than a timer can do.
    writeIntervalMs: options.writeIntervalMs ?? 1,
    speed: {
      promptTokensPerSecond: Infinity,
      completionTokensPerSecond: Infinity,
      loadBytesPerSecond: Infinity,
      pullBytesPerSecond: Infinity,
      ...options.speed,
    },
  };
}

/** How fast the node runs this model. */
export function speedOf({ speed, modelSpeeds }: CompleteOptions, model: SimulatedModel): SimulatedSpeed {
  return { ...speed, ...modelSpeeds[model.name] };
}
