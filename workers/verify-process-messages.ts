import type { Settings } from '../config/settings.ts';
import type { FailureType } from '../domain/failure.ts';

/** What Hydra tells the process that verifies. When Hydra is gone, the channel closes. */
export type VerifyOrder =
  | { readonly kind: 'start'; readonly settings: Settings }
  /** Say what was counted and measured so far. */
  | { readonly kind: 'measure' }
  /** Take no more, let what runs end, and end. */
  | { readonly kind: 'stop' };

/** What that process answers. */
export type VerifyAnswer =
  | { readonly kind: 'ready'; readonly runner: RunnerName }
  /** Prometheus text. */
  | { readonly kind: 'measured'; readonly text: string }
  | { readonly kind: 'failed'; readonly type: FailureType; readonly message: string };

/** The sandbox that it runs programs in; null when nothing here can run them. */
export type RunnerName = { readonly name: string; readonly version: string } | null;
