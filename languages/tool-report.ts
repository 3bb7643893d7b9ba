/** One thing that a checker found. Line counts from 1. */
export interface ToolFinding {
  /** `error`: a real fault of the program; `warning`: worth knowing, proves nothing. */
  readonly severity: 'error' | 'warning';
  readonly file: string;
  readonly line: number;
  readonly rule: string;
  readonly message: string;
}

export type ToolName = 'pyright' | 'deno' | 'ruff';

/** What a checker said, or why it could not speak. */
export type ToolReport =
  | {
      readonly tool: ToolName;
      readonly ran: true;
      readonly findings: readonly ToolFinding[];
      readonly durationMs: number;
    }
  | {
      readonly tool: ToolName;
      readonly ran: false;
      readonly reason: 'missing' | 'timeout' | 'failed' | 'cancelled';
      readonly message: string;
      readonly durationMs: number;
    };

/** Bounds of one run of a checker. */
export interface ToolOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** The report of a checker that could not speak. `startedAt` is a reading of `performance.now()`. */
export function notRun(
  tool: ToolName,
  reason: 'missing' | 'timeout' | 'failed' | 'cancelled',
  message: string,
  startedAt: number,
): ToolReport {
  return { tool, ran: false, reason, message, durationMs: performance.now() - startedAt };
}
