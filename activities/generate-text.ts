import { cancellationSignal } from '@temporalio/activity';
import { FAILURES, SynthesisFailure, type FailureType } from '../domain/failure.ts';
import type { ContentHash, StepKey } from '../domain/ids.ts';
import type { Lease } from '../domain/lease.ts';
import type { ModelAnswer, ModelStep } from '../domain/model-step.ts';
import type { NodeAddress } from '../domain/node.ts';
import type { RunEventBody } from '../domain/run-event.ts';
import { deadlinesOf } from '../fleet/scheduling/call-deadlines.ts';
import type { CallReport } from '../fleet/scheduler-port.ts';
import type { GeneratedText, GenerateTextRequest } from '../models/language-model.ts';
import type { NodeProblem } from '../models/node-failure.ts';
import { buildPrompt, DATA_ANSWER_TOKENS, estimateTokens } from './build-prompt.ts';
import type { FleetDependencies } from './dependencies.ts';
import { heartbeatWhile, PROMPT_HEARTBEAT_MS } from './heartbeat-while.ts';
import { preloadNext } from './preload-next.ts';
import { readAnswer } from './read-answer.ts';
import { contextTokensOf, explainReduction } from './reduce-step.ts';
import { stepKeyOf } from './step-key-of.ts';
import { loadRequest, loadText } from './stored-json.ts';

export interface GenerateTextInput {
  readonly step: ModelStep;
  readonly lease: Lease;
  /** Executions before this one that ended without an answer, whoever was at fault. */
  readonly tries: number;
  /** Nodes that failed before this one, or could not hold the model. */
  readonly hops: number;
  /** Text that a failed node had produced; this one continues it. */
  readonly partialHash: ContentHash | null;
}

/** Failures that end an answer early without any fault of the host. */
const CUT_ANSWERS: ReadonlySet<string> = new Set<FailureType>(['AnswerTruncated', 'ModelOutputInvalid']);

/** One execution of one call on one node. */
interface Call {
  readonly deps: FleetDependencies;
  readonly input: GenerateTextInput;
  readonly stepKey: StepKey;
  readonly node: NodeAddress;
}

/**
 * Calls the model on the leased node and accepts the first answer for the step.
 * Errors: SynthesisFailure NodeUnavailable, ModelMissing and OutOfMemory, after which another node is to be tried; their
 * details carry `partialHash` when text had arrived. LeaseLost and NodeBusy, after which a node is to be asked for again: no
 * fault of this one.
 */
export async function generateText(deps: FleetDependencies, input: GenerateTextInput): Promise<ModelAnswer> {
  const stepKey = stepKeyOf(input.step, deps.promptsVersion);
  const node = deps.nodeAddress(input.lease.nodeId);
  if (!node)
    throw new SynthesisFailure('NodeUnavailable', `Node ${input.lease.nodeId} is gone.`, {
      nodeId: input.lease.nodeId,
    });
  // Without a lease the call would run beside those that are counted: the lease expired, or another owner gave it.
  if (!deps.scheduler.claim(input.lease.leaseId))
    throw new SynthesisFailure('LeaseLost', `The lease of ${node.id} has ended before the call began.`, {
      nodeId: node.id,
    });
  let report: CallReport = { ended: 'neutral' };
  try {
    const call = { deps, input, stepKey, node };
    const answered = await runCall(call);
    if (answered.problem === null) report = { ended: 'finished', ...answered.generated };
    return await accept(call, answered);
  } catch (error) {
    report = reportOf(error, contextTokensOf(input.step, deps));
    noteReroute({ deps, input, stepKey, node }, error);
    throw await withPartialText(deps, error);
  } finally {
    deps.scheduler.release(input.lease.leaseId, report);
  }
}

/** What came back; `problem` says why the text cannot be a whole answer. */
interface Answered {
  readonly generated: Pick<
    GeneratedText,
    'text' | 'promptTokens' | 'completionTokens' | 'totalMs' | 'loadMs' | 'promptMs' | 'decodeMs'
  >;
  readonly problem: string | null;
}

async function runCall(call: Call): Promise<Answered> {
  const { input } = call;
  const { step, lease } = input;
  const request = await toModelRequest(call);
  emit(call, {
    type: 'model.started',
    role: step.task.role,
    model: step.sample.model,
    nodeId: lease.nodeId,
    why: lease.why,
  });
  // Readers drop the text of the execution before; what is continued belongs to this one.
  if (request.resumeText) emit(call, { type: 'text.delta', text: request.resumeText });
  void preloadNext(call.deps, step);
  const answered = await heartbeatWhile(PROMPT_HEARTBEAT_MS, () => answerOrCut(call, request));
  const { completionTokens, totalMs } = answered.generated;
  emit(call, { type: 'model.finished', completionTokens, durationMs: Math.round(totalMs) });
  return answered;
}

/** An answer that was cut short or never ended is still this model's answer; its reading says what is wrong with it. */
async function answerOrCut(call: Call, request: GenerateTextRequest): Promise<Answered> {
  const onText = (text: string): void => emit(call, { type: 'text.delta', text });
  const onProgress = (): void => call.deps.scheduler.noteProgress(call.node.id);
  const options = { signal: cancellationSignal(), onText, onProgress };
  const startedAt = performance.now();
  try {
    const generated = await call.deps.languageModel.generateText(request, options);
    return { generated, problem: null };
  } catch (error) {
    if (!(error instanceof SynthesisFailure) || !CUT_ANSWERS.has(error.type)) throw error;
    const { partialText } = error.details;
    const text = typeof partialText === 'string' ? partialText : '';
    const completionTokens = Number(error.details['completionTokens'] ?? request.maxTokens);
    const totalMs = performance.now() - startedAt;
    const generated = { text, promptTokens: 0, completionTokens, totalMs, loadMs: 0, promptMs: 0, decodeMs: totalMs };
    return { generated, problem: error.message };
  }
}

async function toModelRequest({ deps, input, node }: Call): Promise<GenerateTextRequest> {
  const { step, lease, partialHash } = input;
  const { artifacts } = deps.memory;
  const contextTokens = contextTokensOf(step, deps);
  const [prompt, asked] = await Promise.all([
    buildPrompt(step, artifacts, contextTokens),
    loadRequest(artifacts, step.requestHash),
  ]);
  const maxTokens = prompt.answerSchema ? DATA_ANSWER_TOKENS : asked.maxTokens;
  const timing = { ...lease, maxTokens, promptTokens: estimateTokens(prompt.messages), slots: node.slots };
  const { firstTokenMs, idleMs, totalMs } = deps.settings.timeouts;
  return {
    node,
    model: step.sample.model,
    messages: prompt.messages,
    temperature: step.sample.temperature,
    seed: step.sample.seed,
    maxTokens,
    contextTokens,
    deadlines: deadlinesOf(timing, { firstTokenMs, idleMs, totalMs }),
    ...(prompt.answerSchema ? { answerSchema: prompt.answerSchema } : {}),
    // An answer with a schema always starts over: a grammar cannot be resumed in the middle.
    ...(partialHash && !prompt.answerSchema ? { resumeText: await loadText(artifacts, partialHash) } : {}),
  };
}

async function accept(call: Call, { generated, problem }: Answered): Promise<ModelAnswer> {
  const { deps, input, stepKey } = call;
  const { step, lease, hops } = input;
  const remark = explainReduction(step, deps);
  const answerHash = await deps.memory.artifacts.putText(generated.text);
  const answer: ModelAnswer = {
    stepKey,
    answerHash,
    usage: {
      model: step.sample.model,
      nodeId: lease.nodeId,
      promptTokens: generated.promptTokens,
      completionTokens: generated.completionTokens,
      durationMs: Math.round(generated.totalMs),
      hops,
      ...(remark === undefined ? {} : { remark }),
    },
    reading: problem
      ? { kind: 'invalid', cause: 'cut_off', problem }
      : await readAnswer(step, generated.text, deps.memory.artifacts),
  };
  return (await deps.memory.steps.acceptOnce(stepKey, step.runId, answer)) as ModelAnswer;
}

function emit({ deps, input, stepKey }: Call, body: RunEventBody): void {
  const { runId, partId } = input.step;
  // Temporal tries each execution once; the workflow counts, so that readers tell the text of a worker that died from this.
  deps.events.write({ runId, partId, stepKey, attempt: input.tries + 1, body });
}

/** Readers of the run see why the call moves on. */
function noteReroute(call: Call, error: unknown): void {
  if (!(error instanceof SynthesisFailure) || FAILURES[error.type].retry !== 'elsewhere') return;
  emit(call, { type: 'model.rerouted', nodeId: call.node.id, reason: error.message });
}

/** Ways of failing that say something about this model on this host, and nothing about the host: it lives. */
const MODELS_OWN: ReadonlySet<unknown> = new Set<NodeProblem>(['first_token', 'total', 'model_failed']);

function reportOf(error: unknown, contextTokens: number): CallReport {
  if (!(error instanceof SynthesisFailure)) return { ended: 'neutral' };
  const reason = error.message;
  switch (error.type) {
    case 'NodeUnavailable':
      return { ended: MODELS_OWN.has(error.details['kind']) ? 'model_unavailable' : 'unavailable', reason };
    case 'NodeBusy':
      return { ended: 'busy', reason };
    case 'OutOfMemory':
      return { ended: 'out_of_memory', contextTokens };
    case 'ModelMissing':
      return { ended: 'model_missing' };
    default:
      return { ended: 'neutral' };
  }
}

/** Replaces partial text in the failure's details by its hash: text does not belong into a history. */
async function withPartialText(deps: FleetDependencies, error: unknown): Promise<unknown> {
  if (!(error instanceof SynthesisFailure)) return error;
  const { partialText, ...details } = error.details;
  if (typeof partialText !== 'string' || partialText === '') return error;
  const partialHash = await deps.memory.artifacts.putText(partialText);
  return new SynthesisFailure(error.type, error.message, { ...details, partialHash }, { cause: error });
}
