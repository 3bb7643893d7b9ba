import { setTimeout as sleep } from 'node:timers/promises';

import type { CallLog } from './call-log.ts';
import type { CompleteOptions, SimulatedModel } from './options.ts';
import { createSlotQueue } from './slot-queue.ts';
import type { SlotQueue } from './slot-queue.ts';

/** What Ollama says when too many requests wait for a model to be loaded, its two blanks included. */
export const BUSY_MESSAGE = 'server busy, please try again.  maximum pending requests exceeded';

/** A model in memory. */
export interface Resident {
  readonly model: SimulatedModel;
  readonly contextTokens: number;
  readonly slots: SlotQueue;
  /** Calls that run on it or wait for one of its slots. */
  users: number;
  keepAliveMs: number;
  expiresAtMs: number;
}

/** The right to generate with a loaded model. */
export interface Slot {
  /** Time in the load queue, for eviction and for loading: what Ollama calls `load_duration`. */
  readonly loadMs: number;
  release(): void;
}

/** Options of a call that shape the memory. */
export interface ModelUse {
  readonly contextTokens: number;
  readonly keepAliveMs: number;
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
    const loadMs = (1000 * model.sizeBytes) / this.#options.speed.loadBytesPerSecond;
    if (loadMs > 0) await sleep(loadMs);
    this.#log.count('loads');
    const slots = createSlotQueue(this.#options.slots);
    const { contextTokens, keepAliveMs } = use;
    const resident = { model, contextTokens, slots, users: 0, keepAliveMs, expiresAtMs: Infinity };
    this.#residents.push(resident);
    return resident;
  }

  /** A model alone always fits: the real host moves what is too much to the CPU. */
  #hasRoom(model: SimulatedModel, use: ModelUse): boolean {
    const residents = this.residents();
    const sameModel = residents.find((entry) => entry.model.name === model.name);
    if (sameModel !== undefined) return sameModel.contextTokens === use.contextTokens;
    const usedBytes = residents.reduce((sum, entry) => sum + entry.model.sizeBytes, 0);
    return residents.length === 0 || usedBytes + model.sizeBytes <= this.#options.vramBytes;
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
    try {
      await resident.slots.enter(signal);
    } catch (error) {
      this.#leave(resident);
      throw error;
    }
    this.#log.noteBusy(this.#residents.reduce((sum, entry) => sum + entry.slots.running(), 0));
    let held = true;
    const release = (): void => {
      if (!held) return;
      held = false;
      resident.slots.leave();
      this.#leave(resident);
    };
    return { loadMs, release };
  }

  #leave(resident: Resident): void {
    resident.users -= 1;
    resident.expiresAtMs = Date.now() + resident.keepAliveMs;
    if (resident.users > 0) return;
    for (const wake of this.#idleListeners.splice(0)) wake();
  }
}
