import { InvalidArgumentError } from 'commander';

/** Reads the value of an option that is a number. Errors: InvalidArgumentError, which commander shows with option and value. */
export function readNumber(value: string): number {
  if (value.trim() === '' || !Number.isFinite(Number(value))) throw new InvalidArgumentError('It must be a number.');
  return Number(value);
}

/** A reader of whole numbers within bounds. Errors: InvalidArgumentError. */
export function readWholeNumber(lowest: number, highest: number): (value: string) => number {
  return (value) => {
    const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    if (number >= lowest && number <= highest) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${lowest} to ${highest}.`);
  };
}

/** Gathers the values of an option that may be given again. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
