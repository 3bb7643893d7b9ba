/** How much one run of the bench does. */
export interface MemoryPlan {
  /** Sides take turns so often, so that a drift of the machine meets all of them. */
  readonly rounds: number;
  /** Calls of each side in a round. */
  readonly calls: number;
  /** Bytes of the values that are read. */
  readonly sizesBytes: readonly number[];
  /** Misses with one server black-holed. */
  readonly blackHoleMisses: number;
  readonly vectors: number;
  readonly searches: number;
  /** Requests that are asked twice. */
  readonly requests: number;
}

const SIZES = [1_000, 100_000];

export const FULL_PLAN: MemoryPlan = {
  rounds: 10,
  calls: 200,
  sizesBytes: SIZES,
  blackHoleMisses: 20,
  vectors: 100_000,
  searches: 200,
  requests: 50,
};

/** About a minute: shows that the bench works, and nothing about speed. */
export const QUICK_PLAN: MemoryPlan = {
  rounds: 2,
  calls: 20,
  sizesBytes: SIZES,
  blackHoleMisses: 6,
  vectors: 2_000,
  searches: 20,
  requests: 3,
};

/** What is aimed at. */
export const AIMS = {
  /** A hit of the whole, by the bare call of the tier that answers. */
  hitRatio: 1.5,
  /** A miss with one server black-holed, by the deadline of its tier. */
  blackHoleRatio: 1.1,
  recallMs: 150,
  chromaSearchMs: 50,
  sqliteSearchMs: 150,
} as const;
