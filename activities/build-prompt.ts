import { z } from 'zod';
import type { ModelStep, ModelTask } from '../domain/model-step.ts';
import type { ProgramScope } from '../domain/program-scope.ts';
import type { SynthesisRequest } from '../domain/request.ts';
import type { ArtifactStore } from '../memory/ports.ts';
import type { ChatMessage } from '../models/language-model.ts';
import { classificationAnswer, classifyRequestPrompt } from './prompts/classify-request.ts';
import { planAnswer, planPartsPrompt } from './prompts/plan-parts.ts';
import { callsAnswer, proposeCallsPrompt } from './prompts/propose-calls.ts';
import { repairProgramPrompt } from './prompts/repair-program.ts';
import { correctAnswerPrompt } from './prompts/correct-answer.ts';
import { writePartPrompt } from './prompts/write-part.ts';
import { writeProgramPrompt } from './prompts/write-program.ts';
import { loadPlan, loadProgram, loadRequest, loadText } from './stored-json.ts';

/** A prompt with the form its answer must have. */
export interface Prompt {
  readonly messages: readonly ChatMessage[];
  /** Present when the answer must be JSON. */
  readonly answerSchema?: Readonly<Record<string, unknown>>;
}

/** Data answers are short; this many tokens hold a plan of eight parts, and a model that loops is cut off. */
export const DATA_ANSWER_TOKENS = 3_000;

export async function buildPrompt(step: ModelStep, artifacts: ArtifactStore): Promise<Prompt> {
  const request = await loadRequest(artifacts, step.requestHash);
  const prompt = await promptFor(step.task, request, artifacts);
  if (!step.invalidAnswer) return prompt;
  const answer = await loadText(artifacts, step.invalidAnswer.answerHash);
  return { ...prompt, messages: [...prompt.messages, ...correctAnswerPrompt(answer, step.invalidAnswer.problem)] };
}

async function promptFor(task: ModelTask, request: SynthesisRequest, artifacts: ArtifactStore): Promise<Prompt> {
  switch (task.role) {
    case 'classify':
      return { messages: classifyRequestPrompt(request), answerSchema: toSchema(classificationAnswer) };
    case 'plan': {
      const { classification, attemptSummary } = task;
      const messages = planPartsPrompt(request, classification, attemptSummary, request.limits.parts);
      return { messages, answerSchema: toSchema(planAnswer) };
    }
    case 'propose_calls': {
      const part = task.scope.planned?.part ?? null;
      const messages = proposeCallsPrompt(request, task.scope.classification, part);
      return { messages, answerSchema: toSchema(callsAnswer) };
    }
    case 'write':
      return { messages: await askForCode(task.scope, request, artifacts) };
    case 'repair': {
      const asked = await askForCode(task.scope, request, artifacts);
      const program = await loadProgram(artifacts, task.programHash);
      return { messages: repairProgramPrompt(asked, program, task.evidence) };
    }
    default:
      return task satisfies never;
  }
}

async function askForCode(
  scope: ProgramScope,
  request: SynthesisRequest,
  artifacts: ArtifactStore,
): Promise<readonly ChatMessage[]> {
  if (!scope.planned) return writeProgramPrompt(request, scope.classification);
  return writePartPrompt(request, await loadPlan(artifacts, scope.planned.planHash), scope.planned.part);
}

/** The schema that the answer is validated with, in the form that Ollama's structured outputs take. */
function toSchema(schema: z.ZodType): Readonly<Record<string, unknown>> {
  const { $schema: _, ...rest } = z.toJSONSchema(schema);
  return rest;
}

/** Estimated tokens of a prompt: 3.5 characters a token lies between prose (about 4) and code (about 3). */
export function estimateTokens(messages: readonly ChatMessage[]): number {
  const characters = messages.reduce((sum, message) => sum + message.content.length, 0);
  return Math.ceil(characters / 3.5);
}
