import type { ProgramRunner } from './program-runner.ts';

/** The settings' word for the sandbox. */
export const SANDBOX_CHOICES = ['auto', 'deno', 'bubblewrap', 'none'] as const;
export type SandboxChoice = (typeof SANDBOX_CHOICES)[number];

/** What was found on this machine: a runner, or why there is none. */
export type RunnerChoice =
  { readonly kind: 'runner'; readonly runner: ProgramRunner } | { readonly kind: 'none'; readonly reason: string };

/** One adapter as a doctor shows it. */
export interface RunnerReport {
  readonly name: 'deno' | 'bubblewrap';
  /** Null when it works; else why not. */
  readonly problem: string | null;
  readonly description: ProgramRunner['description'] | null;
}
