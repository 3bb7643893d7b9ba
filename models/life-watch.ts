import { SynthesisFailure } from '../domain/failure.ts';
import type { NodeProblem } from './node-failure.ts';
import { startPatientTimer } from './patient-timer.ts';

/** Watches whether a host lives while it answers a call. */
export interface LifeWatch {
  /** Something came from the host: it lives. */
  noteArrival(): void;
  stop(): void;
}

/** How long a silence is before the host is asked for a sign of life, and how long it may take to give one. */
interface Patience {
  readonly silenceMs: number;
  readonly answerMs: number;
}

/** One lost packet is not a death; two questions without an answer, one after the other, are. */
const QUESTIONS = 2;
/** A model that loads takes all of a disk: 8 s until a death is known, with time for a slow answer. */
const BEFORE_FIRST_TOKEN: Patience = { silenceMs: 3_000, answerMs: 2_500 };
/** Tokens come several times a second: 4 s until a death is known. */
const BETWEEN_TOKENS: Patience = { silenceMs: 1_500, answerMs: 1_250 };
/** An answer that took so much longer than it may was held up in this process. */
const STANDSTILL_MS = 1_000;

/**
 * Asks the host for a sign of life whenever it has been silent for a while: a frozen host and one that loads a model look the
 * same to a call. `ask` is to be the cheap question, which no load holds up; `onDeath` is called once.
 */
export function watchLife(ask: (timeoutMs: number) => Promise<unknown>, onDeath: () => void): LifeWatch {
  let patience = BEFORE_FIRST_TOKEN;
  let arrivals = 0;
  let stopped = false;
  let silence = startPatientTimer(patience.silenceMs, () => void look());

  /** Something that came in the meantime answers the question as well. */
  async function look(): Promise<void> {
    const before = arrivals;
    const seemsAlive = (): boolean => stopped || arrivals !== before;
    for (let question = 0; question < QUESTIONS; question += 1) {
      const lives = await answers(ask, patience.answerMs);
      if (seemsAlive()) return;
      if (lives) return silence.restart();
    }
    onDeath();
  }

  return {
    noteArrival() {
      arrivals += 1;
      if (patience === BETWEEN_TOKENS) return silence.restart();
      patience = BETWEEN_TOKENS;
      silence.stop();
      silence = startPatientTimer(patience.silenceMs, () => void look());
    },
    stop() {
      stopped = true;
      silence.stop();
    },
  };
}

/** Ways of not answering; any other answer, an error included, is a sign of life. */
const SILENT: readonly NodeProblem[] = ['timeout', 'connect', 'stream_error'];

async function answers(ask: (timeoutMs: number) => Promise<unknown>, timeoutMs: number): Promise<boolean> {
  const askedMs = performance.now();
  try {
    await ask(timeoutMs);
    return true;
  } catch (error) {
    const wasHeldUpHere = performance.now() - askedMs > timeoutMs + STANDSTILL_MS;
    if (wasHeldUpHere || !(error instanceof SynthesisFailure)) return true;
    return !SILENT.includes(error.details['kind'] as NodeProblem);
  }
}
