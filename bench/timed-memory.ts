import type { Memory } from '../memory/ports.ts';

/** Time spent in Hydra's own stores. SQLite answers before it returns, so this is time of the main thread. */
export interface StoreTime {
  readonly calls: number;
  readonly ms: number;
}

/** The memory with a clock around each of its calls. */
export function timeMemory(memory: Memory): { readonly memory: Memory; readonly spent: () => StoreTime } {
  let calls = 0;
  let ms = 0;
  const measure =
    (work: (...args: readonly unknown[]) => unknown) =>
    (...args: readonly unknown[]): unknown => {
      const startedAt = performance.now();
      try {
        return work(...args);
      } finally {
        calls += 1;
        ms += performance.now() - startedAt;
      }
    };
  const timed = <Store extends object>(store: Store): Store =>
    Object.fromEntries(
      Object.entries(store).map(([name, value]) => [name, typeof value === 'function' ? measure(value) : value]),
    ) as Store;
  const stores = Object.entries(memory).map(([name, value]) => [
    name,
    typeof value === 'object' ? timed(value) : value,
  ]);
  return { memory: Object.fromEntries(stores) as Memory, spent: () => ({ calls, ms }) };
}
