import type { ModelMemoryShape, NodeAddress, NodeModel, ResidentModel } from '../domain/node.ts';

/** One message of a chat. */
export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** Deadlines of one call; each starts over where its name says so. */
export interface CallDeadlines {
  /** From sending to the first token, model load and prompt processing included. */
  readonly firstTokenMs: number;
  /** Between two tokens. */
  readonly idleMs: number;
  readonly totalMs: number;
}

export interface GenerateTextRequest {
  readonly node: NodeAddress;
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly temperature: number;
  readonly seed: number;
  /** Upper bound of the answer, in tokens. */
  readonly maxTokens: number;
  /** Context window to ask for (`num_ctx`), in tokens. Another value than the loaded one makes the host reload the model. */
  readonly contextTokens: number;
  /** JSON schema that the answer must follow; thinking is switched off with it. */
  readonly answerSchema?: Readonly<Record<string, unknown>>;
  /** Text that another host has already produced for this answer; the model continues it. Never together with `answerSchema`. */
  readonly resumeText?: string;
  readonly deadlines: CallDeadlines;
}

/** A finished answer: the model said that it was done (`done_reason` `stop`). Durations as the host reports them. */
export interface GeneratedText {
  /** The answer without its thinking, `resumeText` included. */
  readonly text: string;
  readonly thinking: string;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly loadMs: number;
  readonly promptMs: number;
  readonly decodeMs: number;
  readonly totalMs: number;
}

export interface GenerateTextOptions {
  readonly signal: AbortSignal;
  /** Called with each piece of the answer as it arrives. */
  readonly onText: (delta: string) => void;
  /** Called whenever something has come from the host, thinking included. */
  readonly onProgress?: () => void;
}

/** Facts about one model of one host. */
export interface ModelDetails {
  /** The longest context that it was trained for. Null: the host does not say; the same below. */
  readonly contextTokens: number | null;
  readonly memoryShape: ModelMemoryShape | null;
  readonly capabilities: readonly string[];
  readonly parameterSize: string;
}

/**
 * A host of language models: what Hydra asks of an Ollama server.
 * Errors: SynthesisFailure of type NodeUnavailable (connection, HTTP 5xx, stream that ends without `done`, a deadline, no
 * sign of life; `details.kind` is a `NodeProblem`), NodeBusy (HTTP 503 and what proxies say like it), OutOfMemory; the
 * `details.partialText` of these three carries what had arrived. ModelMissing (404), AnswerTruncated (`done_reason` `length`),
 * PromptTooLong (the host processed fewer prompt tokens than were sent), RequestRejected (other 4xx).
 * An abort by the caller rejects with the signal's reason.
 */
export interface LanguageModel {
  generateText(request: GenerateTextRequest, options: GenerateTextOptions): Promise<GeneratedText>;
  /** Version of the server; the cheap proof that it lives. */
  getVersion(node: NodeAddress, timeoutMs: number): Promise<string>;
  listModels(node: NodeAddress, timeoutMs: number): Promise<readonly NodeModel[]>;
  /** The models in memory. May block on the host for as long as a model loads. */
  listResidentModels(node: NodeAddress, timeoutMs: number): Promise<readonly ResidentModel[]>;
  showModel(node: NodeAddress, model: string, timeoutMs: number): Promise<ModelDetails>;
}
