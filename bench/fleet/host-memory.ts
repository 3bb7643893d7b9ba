import type { BenchCall, BenchHost, BenchModel } from './scenario.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** A model in memory, with the slots that answer with it. */
export interface Resident<Waiter> {
  readonly model: BenchModel;
  /** By slot, the prefix that its cache holds. */
  readonly slotPrefixes: (string | null)[];
  readonly freeSlots: Set<number>;
  readonly queue: Waiter[];
  /** Calls that run on it or wait for one of its slots. */
  users: number;
  expiresAtSeconds: number;
}

/** OLLAMA_KEEP_ALIVE: the default of Ollama. */
const KEEP_ALIVE_SECONDS = 300;

/** The models that a host has in memory: idle ones expire, and go when another one needs their room. */
export class HostMemory<Waiter> {
  private readonly host: BenchHost;
  private readonly clock: VirtualClock;
  private residents: Resident<Waiter>[] = [];

  constructor(host: BenchHost, clock: VirtualClock) {
    this.host = host;
    this.clock = clock;
  }

  present(): readonly Resident<Waiter>[] {
    const now = this.clock.nowSeconds();
    this.residents = this.residents.filter((resident) => resident.users > 0 || resident.expiresAtSeconds > now);
    return this.residents;
  }

  find(model: string): Resident<Waiter> | undefined {
    return this.present().find((resident) => resident.model.name === model);
  }

  add(model: BenchModel): void {
    const slots = Array.from({ length: this.host.slots }, (_, slot) => slot);
    this.residents.push({
      model,
      slotPrefixes: slots.map(() => null),
      freeSlots: new Set(slots),
      queue: [],
      users: 0,
      expiresAtSeconds: Infinity,
    });
  }

  /** Evicts idle models until this one fits, those that came first before others; false while too much is in use. */
  makeRoom(model: BenchModel): boolean {
    for (;;) {
      const present = this.present();
      const usedBytes = present.reduce((sum, resident) => sum + resident.model.sizeBytes, 0);
      // A model alone always fits.
      if (present.length === 0 || usedBytes + model.sizeBytes <= this.host.vramBytes) return true;
      const victim = present.find((resident) => resident.users === 0);
      if (victim === undefined) return false;
      this.residents = this.residents.filter((resident) => resident !== victim);
    }
  }

  /** One that used it has ended. */
  release(resident: Resident<Waiter>): void {
    resident.users -= 1;
    resident.expiresAtSeconds = this.clock.nowSeconds() + KEEP_ALIVE_SECONDS;
  }

  clear(): void {
    this.residents = [];
  }
}

/** A free slot, one whose cache fits before others. */
export function pickSlot({ freeSlots, slotPrefixes }: Resident<unknown>, { prefix }: BenchCall): number | undefined {
  const free = [...freeSlots];
  return free.find((slot) => prefix !== null && slotPrefixes[slot] === prefix.id) ?? free[0];
}

/** Takes the slot for the call. Answers the prompt tokens that its cache spares. */
export function takeSlot({ freeSlots, slotPrefixes }: Resident<unknown>, slot: number, { prefix }: BenchCall): number {
  const isCached = prefix !== null && slotPrefixes[slot] === prefix.id;
  freeSlots.delete(slot);
  slotPrefixes[slot] = prefix?.id ?? null;
  return isCached ? prefix.tokens : 0;
}
