/** A call and an outcome as a prompt states them, before anything is known about their grammar. */
export interface StatedExample {
  readonly call: string;
  readonly expected: string;
}
