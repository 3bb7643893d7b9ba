/** One test as it is written; `times` is how often it runs, undefined when that is computed. */
export interface WrittenTest {
  readonly name: string;
  readonly times: number | undefined;
}
