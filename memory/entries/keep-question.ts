import { SynthesisFailure } from '../../domain/failure.ts';
import type { RunId } from '../../domain/ids.ts';
import type { KeptEntry } from '../../domain/memory-entry.ts';
import { hashText } from '../content-hash.ts';
import type { EntryMemory } from '../entry-ports.ts';

/** A text that somebody looks for, and the model that is to embed it. */
export interface Question {
  readonly namespace: string;
  readonly text: string;
  readonly model: string;
}

/** The vector of a question: what is kept of it, or what `embed` gives, which is kept. Errors: those of `embed`. */
export type KeepQuestion = (question: Question, embed: () => Promise<Float32Array>) => Promise<Float32Array>;

/** As long as the same thing is asked now and then; a vector takes some 10 kB. */
const KEPT_MS = 30 * 86_400_000;
/** As many as a 32-bit number has. */
const DIGITS = 9;
/** A question may come from a person, and belongs to no run. */
const NO_RUN = 'search' as RunId;

/** Keeps vectors of questions as entries, so that no other process and no later start asks the model again. */
export function createKeepQuestion(
  getOrCompute: EntryMemory['getOrCompute'],
  now: () => number = Date.now,
): KeepQuestion {
  return ({ namespace, text, model }, embed) =>
    new Promise((resolve, reject) => {
      let asked: Promise<Float32Array> | undefined;
      const askOnce = (): Promise<Float32Array> => (asked ??= embed());
      const place = { namespace, kind: 'embedding', key: hashText(`${model}\n${text}`) } as const;
      const compute = async () => {
        const answer = await askOnce();
        // A search has half a second: it does not wait until the vector is kept.
        resolve(answer);
        const vector = Array.from(answer, (part) => Number(part.toPrecision(DIGITS)));
        const expiresAt = new Date(now() + KEPT_MS).toISOString();
        return { ...place, value: { kind: 'embedding', model, vector }, text: '', runId: NO_RUN, expiresAt } as const;
      };
      // A record that can keep nothing costs nobody the vector.
      getOrCompute(place, compute).then(readVector).catch(askOnce).then(resolve, reject);
    });
}

function readVector({ value }: KeptEntry): Float32Array {
  if (value.kind === 'embedding') return Float32Array.from(value.vector);
  throw new SynthesisFailure('InvariantBroken', 'An entry of another kind stands in the place of a vector.');
}
