import type { RunnableLanguage } from '../domain/language.ts';
import type { SourceFile } from '../domain/request.ts';

/** Bounds of one sandboxed run; crossing one ends it with a typed outcome. */
export interface SandboxLimits {
  readonly wallClockMs: number;
  readonly cpuMs: number;
  readonly memoryBytes: number;
  /** Processes and threads that the program may hold; a runner without processes ignores it. */
  readonly processes: number;
  /** Largest file that it may write. */
  readonly fileBytes: number;
  /** Standard output and error together; more is cut and marked. */
  readonly outputBytes: number;
  /** For each single call of a `calls` task and each test. */
  readonly callMs: number;
}

/** What is to be done with the program. `module` is the path of one of its files. */
export type SandboxTask =
  /** Load the module and nothing more. */
  | { readonly kind: 'import'; readonly module: string }
  /**
   * Load the module, then evaluate each expression with the module's names in scope, one after another.
   * Expected values never enter this run: the caller compares. With `module` null nothing is loaded: so a caller gets the
   * canonical text of an expected expression, in a run of its own without the candidate.
   */
  | { readonly kind: 'calls'; readonly module: string | null; readonly expressions: readonly string[] }
  /** Run the user's test files beside the program. `testCount` is what static analysis counted beforehand. */
  | { readonly kind: 'tests'; readonly testFiles: readonly string[]; readonly testCount?: number }
  /** Run the file as a program. */
  | { readonly kind: 'program'; readonly module: string; readonly stdin: string };

export interface SandboxJob {
  readonly language: RunnableLanguage;
  /** Relative paths inside the program's own folder, which is also its working directory. */
  readonly files: readonly SourceFile[];
  readonly task: SandboxTask;
  readonly limits: SandboxLimits;
}

/** How one expression ended. `canonical` is a language-neutral text: equal values give equal texts. */
export type CallOutcome =
  | { readonly ended: 'value'; readonly canonical: string }
  | { readonly ended: 'raised'; readonly errorType: string; readonly message: string }
  | { readonly ended: 'timeout' }
  /** The process died, or ended by itself, before this call answered. */
  | { readonly ended: 'crashed' };

export interface TestOutcome {
  readonly name: string;
  readonly outcome: 'passed' | 'failed' | 'error' | 'skipped' | 'timeout';
  readonly evidence: string;
}

/** How the sandboxed process ended. */
export type SandboxEnding =
  'finished' | 'wall_clock' | 'cpu' | 'memory' | 'output' | 'processes' | 'crashed' | 'cancelled';

export interface SandboxReport {
  readonly ending: SandboxEnding;
  /** False when the module could not be loaded; `loadError` then says why (first lines of the trace). */
  readonly loaded: boolean;
  readonly loadError: string | null;
  /** One per expression, in order; empty for other tasks. */
  readonly calls: readonly CallOutcome[];
  readonly tests: readonly TestOutcome[];
  readonly exitCode: number | null;
  /** Head and tail of what it printed, within `outputBytes`. */
  readonly output: string;
  readonly outputCut: boolean;
  readonly durationMs: number;
  /** The runner that ran it; a runner that is composed of several names the one it took. */
  readonly runner: RunnerDescription['name'];
}

/** What a runner is and holds, for people. */
export interface RunnerDescription {
  readonly name: 'deno' | 'bubblewrap';
  readonly version: string;
  readonly languages: readonly RunnableLanguage[];
  /** Limits that it cannot enforce here, each with the reason. */
  readonly weaknesses: readonly string[];
}

/**
 * Runs untrusted code apart from this machine: no network, no files but its own, no environment.
 * Errors: SynthesisFailure of type SandboxFault when the sandbox itself fails; what a program does is a report, never an error.
 */
export interface ProgramRunner {
  readonly description: RunnerDescription;
  run(job: SandboxJob, signal: AbortSignal): Promise<SandboxReport>;
  /** Ends helper processes that are kept warm. */
  close(): Promise<void>;
}
