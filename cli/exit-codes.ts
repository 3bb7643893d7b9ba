import type { WireRun } from '../api/wire-run.ts';

/** What the command's exit code says. */
export const EXIT = {
  /** Done; for a run: verified or consistent. */
  done: 0,
  failed: 1,
  usage: 2,
  cancelled: 3,
  /** A result that is unverified or partial. */
  unproven: 4,
  unreachable: 6,
  /** As sysexits.h has it for configuration. */
  settings: 78,
  /** As shells have it for SIGINT. */
  interrupted: 130,
} as const;

export const EXIT_CODES_HELP = `
Exit codes:
  0 done; a run: verified or consistent   1 failed         2 wrong usage       3 cancelled
  4 result is unverified or partial       6 no service     78 settings wrong   130 Ctrl-C`;

/** True while a run may still change. */
export function isOpen(run: Pick<WireRun, 'status'>): boolean {
  return run.status === 'queued' || run.status === 'running';
}

/** The exit code of a run that has ended. */
export function toExitCode(run: WireRun): number {
  if (run.status === 'cancelled') return EXIT.cancelled;
  if (run.status !== 'completed' || run.result === null) return EXIT.failed;
  return run.result.state === 'verified' || run.result.state === 'consistent' ? EXIT.done : EXIT.unproven;
}

/** An end of the command that the user can do something about: shown without a stack. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: number;
  /** What to do next; empty when the message says it. */
  readonly advice: string;

  constructor(exitCode: number, message: string, advice = '') {
    super(message);
    this.exitCode = exitCode;
    this.advice = advice;
  }
}
