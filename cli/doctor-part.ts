/** What was found out about one part. */
export interface Finding {
  /** `off`: an optional part that no setting names. */
  readonly state: 'ok' | 'missing' | 'down' | 'off';
  /** Version, place, how it was found. */
  readonly detail: string;
  /** What to do; empty when nothing is to be done. */
  readonly advice: string;
}

/** One part that Hydra stands on, or can use. */
export interface DoctorPart {
  readonly name: string;
  readonly required: boolean;
  readonly check: () => Promise<Finding>;
}

/** A part in order. */
export function found(detail: string): Finding {
  return { state: 'ok', detail, advice: '' };
}

/** What is known of a host that answers. `address` is its URL with its version. */
export function describeModels(address: string, models: readonly string[]): Finding {
  if (models.length > 0) return found(`${address}, models: ${models.join(', ')}`);
  return { state: 'missing', detail: `${address}, no models`, advice: 'Give it one: ollama pull qwen2.5-coder:1.5b' };
}
