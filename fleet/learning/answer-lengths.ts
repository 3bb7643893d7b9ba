/** Decayed sums of what was predicted and of what came. */
interface Tally {
  readonly predicted: number;
  readonly written: number;
}

/** Old answers lose half their weight after 20 newer ones, as speeds do. */
const DECAY_PER_ANSWER = 0.5 ** (1 / 20);
/** A prediction counts as two answers of that length, so that one odd answer does not overturn it. */
const ANSWERS_IN_PREDICTION = 2;

/**
 * How long answers really are. Callers predict from the limit that they set, which few answers come near; what the calls of a
 * model with a limit of that size came to says more. Without it a load would look cheap beside the answers that it is for.
 */
export class AnswerLengths {
  private readonly tallies = new Map<string, Tally>();

  /** An answer has ended by itself. */
  record(model: string, predictedTokens: number, writtenTokens: number): void {
    if (!(predictedTokens > 0)) return;
    const key = keyOf(model, predictedTokens);
    const prior = ANSWERS_IN_PREDICTION * predictedTokens;
    const known = this.tallies.get(key) ?? { predicted: prior, written: prior };
    this.tallies.set(key, {
      predicted: known.predicted * DECAY_PER_ANSWER + predictedTokens,
      written: known.written * DECAY_PER_ANSWER + writtenTokens,
    });
  }

  expect(model: string, predictedTokens: number): number {
    const known = this.tallies.get(keyOf(model, predictedTokens));
    return known === undefined ? predictedTokens : (predictedTokens * known.written) / known.predicted;
  }
}

/** Calls whose predictions are within a factor of two are taken to be of one kind. */
function keyOf(model: string, predictedTokens: number): string {
  return `${model} ${Math.round(Math.log2(predictedTokens))}`;
}
