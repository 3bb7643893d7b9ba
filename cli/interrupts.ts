import { EXIT } from './exit-codes.ts';

/** Ctrl-C and SIGTERM as a signal. */
export interface Interrupts {
  readonly signal: AbortSignal;
  /** Gives Ctrl-C its usual meaning back. */
  release(): void;
}

/** What is said at once when Ctrl-C ends the wait for a run of a service. `runId` is not known before it was accepted. */
export function describeDetaching(runId: string | undefined): string {
  if (runId === undefined) {
    return '\nStopped before the service had answered; it may have accepted the request. Look with: hydra list';
  }
  return `\nDetached; the run goes on. Come back to it with: hydra events ${runId}`;
}

/** The first Ctrl-C aborts the signal, and the command ends in order; the second ends it at once. */
export function catchInterrupts(onFirst: () => void): Interrupts {
  const controller = new AbortController();
  const handle = () => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    onFirst();
    controller.abort();
  };
  const names = ['SIGINT', 'SIGTERM'] as const;
  for (const name of names) process.on(name, handle);
  return {
    signal: controller.signal,
    release: () => {
      for (const name of names) process.off(name, handle);
    },
  };
}
