import type { NodeAddress } from '../../../domain/node.ts';

/** What the process of the measured Hydra is started with, as JSON. */
export interface RouterOptions {
  readonly nodes: readonly NodeAddress[];
  /** File with the bundled workflows of the bench. */
  readonly codePath: string;
}

/** A call that was given a host. Times are milliseconds since 1970. */
export interface Grant {
  /** When the scheduler first heard of it. */
  readonly arrivedAtMs: number;
  readonly atMs: number;
}

/** What it tells the process that started it. */
export type RouterMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'granted'; readonly title: string; readonly grant: Grant }
  | { readonly kind: 'failed'; readonly message: string };
