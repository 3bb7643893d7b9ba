import type { Memory } from '../../memory/ports.ts';

/** One empty store of the adapter under test. */
export interface MemoryHarness {
  /** Opens the same store once more, as another process would. */
  open(now?: () => number): Promise<Memory>;
  /** Closes what was opened and removes the store. */
  dispose(): Promise<void>;
}
