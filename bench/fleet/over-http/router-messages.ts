import type { NodeAddress } from '../../../domain/node.ts';

/** What the process of the measured Hydra is started with, as JSON. */
export interface RouterOptions {
  readonly nodes: readonly NodeAddress[];
  /** File with the bundled workflows of the bench. */
  readonly codePath: string;
}

/** What it tells the process that started it. Times are milliseconds since 1970. */
export type RouterMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'granted'; readonly title: string; readonly atMs: number }
  | { readonly kind: 'failed'; readonly message: string };
