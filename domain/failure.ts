/**
 * Every way a run or a request can fail, once: whether the same step may be tried again, the HTTP status, the meaning.
 * `retry` — never: the cause will not change; elsewhere: choose another node; backoff: the same again later.
 */
export const FAILURES = {
  RequestRejected: { retry: 'never', status: 422, meaning: 'The request breaks a rule; change it and send it again.' },
  FilterRejected: {
    retry: 'never',
    status: 400,
    meaning: 'A filter, a namespace or an ID breaks a rule; change it and ask again.',
  },
  RunNotFound: { retry: 'never', status: 404, meaning: 'No run has this ID.' },
  IdempotencyConflict: {
    retry: 'never',
    status: 422,
    meaning: 'The Idempotency-Key was used before with another body.',
  },
  NodeNotFound: { retry: 'never', status: 404, meaning: 'No Ollama host has this name.' },
  NodeConflict: { retry: 'never', status: 409, meaning: 'The name or the address belongs to another Ollama host.' },
  TooManyRuns: { retry: 'backoff', status: 503, meaning: 'The limit of open runs is reached; try again later.' },
  TemporalUnavailable: { retry: 'backoff', status: 503, meaning: 'The Temporal server cannot be reached.' },
  NodeUnavailable: { retry: 'elsewhere', status: 503, meaning: 'The Ollama host failed; another one is chosen.' },
  NodeBusy: {
    retry: 'elsewhere',
    status: 503,
    meaning: 'The Ollama host has more to do than it takes; it is asked later.',
  },
  OutOfMemory: {
    retry: 'elsewhere',
    status: 503,
    meaning: 'The model with its context does not fit into the memory of the Ollama host.',
  },
  PullInterrupted: {
    retry: 'backoff',
    status: 503,
    meaning: 'The Ollama host did not finish the pull; it goes on where it stopped.',
  },
  PullRefused: { retry: 'never', status: 422, meaning: 'The Ollama host cannot take the model, or may not.' },
  EntryNotFound: { retry: 'never', status: 404, meaning: 'Memory keeps nothing under this ID.' },
  PullNotFound: { retry: 'never', status: 404, meaning: 'No pull has this ID.' },
  LeaseLost: { retry: 'elsewhere', status: 503, meaning: 'The turn on the host had run out; it is asked for again.' },
  ModelMissing: { retry: 'elsewhere', status: 503, meaning: 'The Ollama host does not have the model.' },
  FleetUnavailable: {
    retry: 'backoff',
    status: 503,
    meaning: 'The process that looks after the hosts is stopping; another takes over.',
  },
  NoModelKnown: { retry: 'backoff', status: 503, meaning: 'No Ollama host has shown a model that can write code yet.' },
  NoCapableNode: { retry: 'never', status: 503, meaning: 'No Ollama host with the model was free in time.' },
  AnswerTruncated: {
    retry: 'never',
    status: 500,
    meaning: 'The model reached its token limit before the answer ended.',
  },
  PromptTooLong: { retry: 'never', status: 422, meaning: 'The prompt does not fit the context of the model.' },
  ModelOutputInvalid: {
    retry: 'never',
    status: 500,
    meaning: 'The model did not answer in the form it was asked for.',
  },
  SandboxFault: { retry: 'backoff', status: 503, meaning: 'The sandbox could not run; the program is not to blame.' },
  StoreUnavailable: { retry: 'backoff', status: 503, meaning: 'A store that is required cannot be reached.' },
  BudgetExhausted: {
    retry: 'never',
    status: 500,
    meaning: 'A limit of the request was reached before anything was proven.',
  },
  Cancelled: { retry: 'never', status: 409, meaning: 'The run was cancelled.' },
  InvariantBroken: { retry: 'never', status: 500, meaning: 'A bug in Hydra; please report it.' },
} as const satisfies Record<string, { retry: 'never' | 'elsewhere' | 'backoff'; status: number; meaning: string }>;

export type FailureType = keyof typeof FAILURES;

/** A failure as data: what crosses Temporal, the store and the API. */
export interface FailureReport {
  readonly type: FailureType;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** The one error class of Hydra. `details` carries facts (ids, urls, values seen), never prose. */
export class SynthesisFailure extends Error {
  override readonly name = 'SynthesisFailure';
  readonly type: FailureType;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    type: FailureType,
    message: string,
    details: Readonly<Record<string, unknown>> = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.type = type;
    this.details = details;
  }

  toReport(): FailureReport {
    return { type: this.type, message: this.message, details: this.details };
  }
}

/** True for a name of the failure table; used where failures come back as plain data. */
export function isFailureType(name: unknown): name is FailureType {
  return typeof name === 'string' && Object.hasOwn(FAILURES, name);
}
