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
}

/** How fast the node is. `Infinity` means: at once, without a timer. */
export interface SimulatedSpeed {
  readonly promptTokensPerSecond: number;
  readonly completionTokensPerSecond: number;
  readonly loadBytesPerSecond: number;
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
    speed: {
      promptTokensPerSecond: Infinity,
      completionTokensPerSecond: Infinity,
      loadBytesPerSecond: Infinity,
      ...options.speed,
    },
  };
}
