import type { ClientConfigProfile } from '@temporalio/envconfig';
import type { NodeAddress } from '../domain/node.ts';
import type { RequestLimits } from '../domain/request.ts';
import type { TaskModels } from '../domain/worker-task.ts';
import type { TemporalDevConfig } from './load-temporal-dev.ts';

/** Which model plays which role. Names as Ollama knows them. */
export interface ModelRoles {
  /** Fast: classifies. */
  readonly light: string;
  /** Largest: plans. */
  readonly heavy: string;
  /** Write code, preferred first; empty: `default`. */
  readonly workers: readonly string[];
  readonly default: string;
  /** Models for particular tasks; they go before `workers`. */
  readonly tasks: TaskModels;
}

/** How hosts are looked for that nobody has listed. */
export interface DiscoverySettings {
  readonly enabled: boolean;
  readonly ports: readonly number[];
  /** Of one look through all subnets. */
  readonly timeoutMs: number;
  /** From the end of one look to the next. */
  readonly intervalMs: number;
}

/** What memory keeps, and the servers that help it. A URL may hold a password: it is never shown. */
export interface MemorySettings {
  /** The system of record: SQLite on one machine, Postgres for several. */
  readonly record: 'sqlite' | 'postgres';
  /** Null: there is none. */
  readonly redis: { readonly url: string } | null;
  readonly postgres: { readonly url: string } | null;
  readonly chroma: { readonly url: string } | null;
  /** As Ollama names it. */
  readonly embeddingModel: string;
  /** What was not written again for so long is forgotten. */
  readonly retentionDays: number;
  /** Room for entries; the oldest go first. */
  readonly limitBytes: number;
  /** Of similar work in one prompt; 0: none is offered. */
  readonly recallTokens: number;
}

/** Everything that can be set, checked and with defaults filled in. Durations are milliseconds. */
export interface Settings {
  /** Folder of all state; absolute. `HYDRA_HOME`. */
  readonly home: string;
  /** Folder of fetched and built programs; absolute. `HYDRA_CACHE`. */
  readonly cache: string;
  /** What the user says of the programs that we need; absent: they are looked for. */
  readonly programs?: {
    readonly temporalCli?: string;
    readonly ollama?: string;
    /** Mirror of their release pages. */
    readonly releasesUrl?: string;
  };
  readonly api: {
    readonly host: string;
    readonly port: number;
    /** Host names accepted in the Host header beside loopback names. */
    readonly allowedHosts: readonly string[];
    readonly maxBodyBytes: number;
    readonly maxPromptCharacters: number;
    readonly maxOpenRuns: number;
  };
  /** Port of /metrics in a process without the API. */
  readonly metricsPort?: number;
  readonly temporal: {
    readonly address: string;
    readonly namespace: string;
    /** True: we start and stop a dev server of our own from `temporal-dev.yaml`. */
    readonly managed: boolean;
    readonly uiPort: number;
    readonly apiKey?: string;
    readonly tls: boolean;
    /** Content of `temporal-dev.yaml` with the ports of the settings, for the server that we start. */
    readonly dev?: TemporalDevConfig;
    /** How to connect to a server that is not ours, certificates and headers included. */
    readonly profile?: ClientConfigProfile;
  };
  readonly models: ModelRoles;
  /** May stand in for a larger model that fits into the memory of no host; null: the worker models of the task. */
  readonly fallbackModels: readonly string[] | null;
  readonly nodes: readonly NodeAddress[];
  /** Slots of a node that names none: one that was found, or added without. */
  readonly nodeSlots: number;
  /** False: hosts are not asked what is in their memory, and nothing is reckoned with it. */
  readonly vramMonitoring: boolean;
  readonly discovery: DiscoverySettings;
  readonly defaults: { readonly temperature: number; readonly maxTokens: number; readonly limits: RequestLimits };
  /** `num_ctx` for every call, so that no host reloads a model for it. */
  readonly contextTokens: number;
  readonly timeouts: {
    readonly firstTokenMs: number;
    readonly idleMs: number;
    readonly totalMs: number;
    /** A call fails with NoCapableNode after waiting this long for a node. */
    readonly maxWaitForNodeMs: number;
    readonly heartbeatMs: number;
    readonly scheduleToStartMs: number;
    readonly probeIntervalMs: number;
    readonly probeTimeoutMs: number;
    readonly shutdownGraceMs: number;
  };
  readonly sandbox: {
    /** `auto` takes the best that works here. */
    readonly runner: 'auto' | 'deno' | 'bubblewrap' | 'none';
    readonly wallClockMs: number;
    readonly memoryBytes: number;
  };
  readonly memory: MemorySettings;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
}
