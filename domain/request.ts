import type { Language } from './language.ts';

/** A file with its text. Shape: `path` is relative, with forward slashes, inside the program's own folder. */
export interface SourceFile {
  readonly path: string;
  readonly content: string;
}

/** One call with the outcome it must have. Shape: both are expressions in the program's language. */
export interface Example {
  /** An expression such as `fib(10)`. */
  readonly call: string;
  /** An expression such as `55`, or `raises ValueError` for an error of that name. */
  readonly expected: string;
  /** Who wrote it. Only a user's example is trusted. */
  readonly source: 'user' | 'plan';
}

export type DecomposeMode = 'auto' | 'always' | 'never';
/** 1 is served first, 5 last. */
export type Priority = 1 | 2 | 3 | 4 | 5;

/** Bounds of one run; reaching one ends it with what is proven so far. */
export interface RequestLimits {
  readonly modelCalls: number;
  /** Prompt and completion tokens together. */
  readonly tokens: number;
  readonly minutes: number;
  readonly parts: number;
  /** Repair rounds per part. */
  readonly repairRounds: number;
}

/** What a user asks for, checked and with every default filled in. */
export interface SynthesisRequest {
  readonly prompt: string;
  readonly language?: Language;
  readonly temperature?: number;
  /** Upper bound of one model answer, in tokens. */
  readonly maxTokens: number;
  /** Models that may write the code, preferred first; empty: the configured worker models. */
  readonly models: readonly string[];
  readonly tests: readonly SourceFile[];
  readonly examples: readonly Example[];
  readonly context?: string;
  /** Files of the user that the program works with or that are to be changed. */
  readonly files: readonly SourceFile[];
  /** Candidates per part; absent: chosen by model size and time budget. */
  readonly candidates?: number;
  readonly decompose: DecomposeMode;
  readonly priority: Priority;
  /** The caller's project or user; hosts are shared out evenly between callers of the same priority. */
  readonly namespace: string;
  /** True: neither recall nor reuse an earlier answer. */
  readonly fresh: boolean;
  readonly limits: RequestLimits;
}
