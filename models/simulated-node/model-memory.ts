import { setTimeout as sleep } from 'node:timers/promises';

import type { CallLog } from './call-log.ts';
import { speedOf } from './options.ts';
import type { CompleteOptions, SimulatedModel } from './options.ts';
import { memoryBytes } from './resident-size.ts';
import { createNoPromptCache, createPromptCache } from './prompt-cache.ts';
import type { PromptCache } from './prompt-cache.ts';
import { createSlotQueue } from './slot-queue.ts';
import type { SlotQueue } from './slot-queue.ts';

/** What Ollama says when too many requests wait for a model to be loaded, its two blanks included. */
export const BUSY_MESSAGE = 'server busy, please try again.  maximum pending requests exceeded';

/** A model in memory. */
export interface Resident {
  readonly model: SimulatedModel;
  readonly contextTokens: number;
  /** All that it takes, and the share of it that found room on the card. */
  readonly sizeBytes: number;
  readonly vramBytes: number;
  readonly slots: SlotQueue;
  readonly prompts: PromptCache;
  /** Calls that run on it or wait for one of its slots. */
  users: number;
  keepAliveMs: number;
  expiresAtMs: number;
}

/** The right to generate with a loaded model. */
export interface Slot {
  /** Time in the load queue, for eviction and for loading: what Ollama calls `load_duration`. */
  readonly loadMs: number;
  /** Time in the queue of the loaded model, which no figure of its own tells. */
  readonly waitMs: number;
  /** Characters of the prompt that the slot had read before. */
  readonly cachedCharacters: number;
  release(): void;
}

/** Options of a call that shape the memory. */
export interface ModelUse {
  readonly contextTokens: number;
  readonly keepAliveMs: number;
  readonly promptText: string;
}

interface PendingLoad {
  readonly model: SimulatedModel;
  readonly use: ModelUse;
  readonly signal: AbortSignal;
  readonly loaded: (resident: Resident) => void;
}

/**
 * The memory of the node: loads models, evicts idle ones, hands out slots. As in Ollama, one cold request is served to its
 * end before the next, so that a load holds up every other request for a model that is not in memory.
 */
export class ModelMemory {
  readonly #options: CompleteOptions;
  readonly #log: CallLog;
  #residents: Resident[] = [];
  readonly #pending: PendingLoad[] = [];
  #loading = false;
  #loadUnderWay: Promise<void> | null = null;
  #idleListeners: (() => void)[] = [];

  constructor(options: CompleteOptions, log: CallLog) {
    this.#options = options;
    this.#log = log;
  }

  /** Waits for model and slot. Answers 'busy' when the queue for loading is full; rejects when the signal aborts. */
  async acquire(model: SimulatedModel, use: ModelUse, signal: AbortSignal): Promise<Slot | 'busy'> {
    const startedMs = performance.now();
    const warm = this.#find(model, use);
    if (warm !== undefined) {
      warm.users += 1;
      return this.#enter(warm, use, 0, signal);
    }
    if (this.#pending.length >= this.#options.maxQueue) return 'busy';
    const resident = await this.#queueLoad(model, use, signal);
    return this.#enter(resident, use, performance.now() - startedMs, signal);
  }

  /** Ends the stay of a model; one in use stays until it is idle. */
  unload(model: SimulatedModel): void {
    for (const resident of this.residents()) if (resident.model.name === model.name) resident.expiresAtMs = 0;
  }

  residents(): readonly Resident[] {
    this.#residents = this.#residents.filter((entry) => entry.users > 0 || entry.expiresAtMs > Date.now());
    return this.#residents;
  }

  /** As the real host, which does not say what is in memory while it loads. */
  async settled(): Promise<void> {
    await this.#loadUnderWay;
  }

  #find(model: SimulatedModel, use: ModelUse): Resident | undefined {
    return this.residents().find(
      (entry) => entry.model.name === model.name && entry.contextTokens === use.contextTokens,
    );
  }

  #queueLoad(model: SimulatedModel, use: ModelUse, signal: AbortSignal): Promise<Resident> {
    return new Promise((resolve, reject) => {
      const abort = (): void => reject(signal.reason as Error);
      signal.addEventListener('abort', abort, { once: true });
      const loaded = (resident: Resident): void => {
        signal.removeEventListener('abort', abort);
        if (signal.aborted) return;
        resident.users += 1;
        resolve(resident);
      };
      this.#pending.push({ model, use, signal, loaded });
      void this.#workThroughPending();
    });
  }

  async #workThroughPending(): Promise<void> {
    if (this.#loading) return;
    this.#loading = true;
    for (let next = this.#pending[0]; next !== undefined; next = this.#pending[0]) {
      if (!next.signal.aborted) next.loaded(await this.#load(next));
      this.#pending.shift();
    }
    this.#loading = false;
  }

  async #load({ model, use }: PendingLoad): Promise<Resident> {
    while (!this.#hasRoom(model, use)) {
      const victim = this.#pickVictim(model);
      if (victim === undefined) await new Promise<void>((resolve) => this.#idleListeners.push(resolve));
      else this.#evict(victim);
    }
    const present = this.#find(model, use);
    if (present !== undefined) return present;
    const loadMs = (1000 * model.sizeBytes) / speedOf(this.#options, model).loadBytesPerSecond;
    if (loadMs > 0) await (this.#loadUnderWay = sleep(loadMs));
    this.#loadUnderWay = null;
    this.#log.count('loads');
    const slots = createSlotQueue(this.#options.slots);
    const prompts = this.#options.cachesPrompts ? createPromptCache() : createNoPromptCache();
    const { contextTokens, keepAliveMs } = use;
    const sizes = this.#sizesOf(model, contextTokens);
    const resident = { model, contextTokens, ...sizes, slots, prompts, users: 0, keepAliveMs, expiresAtMs: Infinity };
    this.#residents.push(resident);
    return resident;
  }

  /** A model alone always fits: the real host moves what is too much to the CPU. */
  #hasRoom(model: SimulatedModel, use: ModelUse): boolean {
    const residents = this.residents();
    const sameModel = residents.find((entry) => entry.model.name === model.name);
    if (sameModel !== undefined) return sameModel.contextTokens === use.contextTokens;
    const usedBytes = residents.reduce((sum, entry) => sum + entry.sizeBytes, 0);
    const { sizeBytes } = this.#sizesOf(model, use.contextTokens);
    return residents.length === 0 || usedBytes + sizeBytes <= this.#options.vramBytes;
  }

  #sizesOf(model: SimulatedModel, contextTokens: number): Pick<Resident, 'sizeBytes' | 'vramBytes'> {
    const sizeBytes = memoryBytes(model, contextTokens, this.#options.slots);
    const usedBytes = this.residents().reduce((sum, entry) => sum + entry.vramBytes, 0);
    return { sizeBytes, vramBytes: Math.min(sizeBytes, Math.max(0, this.#options.vramBytes - usedBytes)) };
  }

  /** The same model with another window must go first; otherwise the idle one that was to stay shortest. */
  #pickVictim(model: SimulatedModel): Resident | undefined {
    const sameModel = this.#residents.filter((entry) => entry.model.name === model.name);
    const candidates = sameModel.length > 0 ? sameModel : this.#residents;
    const idle = candidates.filter((entry) => entry.users === 0);
    return [...idle].sort((a, b) => a.keepAliveMs - b.keepAliveMs)[0];
  }

  #evict(victim: Resident): void {
    this.#residents = this.#residents.filter((entry) => entry !== victim);
    this.#log.count('evictions');
  }

  async #enter(resident: Resident, use: ModelUse, loadMs: number, signal: AbortSignal): Promise<Slot> {
    resident.keepAliveMs = use.keepAliveMs;
    const { slots, prompts } = resident;
    const cameMs = performance.now();
    const slot = await slots
      .enter(signal, (free) => prompts.pick(free, use.promptText))
      .catch((error: unknown) => {
        this.#leave(resident);
        throw error;
      });
    const waitMs = performance.now() - cameMs;
    const cachedCharacters = prompts.read(slot, use.promptText);
    this.#log.noteBusy(this.#residents.reduce((sum, entry) => sum + entry.slots.running(), 0));
    let held = true;
    const release = (): void => {
      if (!held) return;
      held = false;
      slots.leave(slot);
      this.#leave(resident);
    };
    return { loadMs, waitMs, cachedCharacters, release };
  }

  #leave(resident: Resident): void {
    resident.users -= 1;
    resident.expiresAtMs = Date.now() + resident.keepAliveMs;
    if (resident.users > 0) return;
    for (const wake of this.#idleListeners.splice(0)) wake();
  }
}
