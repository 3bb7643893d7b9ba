import { z } from 'zod';
import type { Language } from '../domain/language.ts';
import type { ModelStep, ModelTask } from '../domain/model-step.ts';
import type { ProgramScope } from '../domain/program-scope.ts';
import type { SynthesisRequest } from '../domain/request.ts';
import type { ArtifactStore } from '../memory/ports.ts';
import type { ChatMessage } from '../models/language-model.ts';
import { classificationAnswer, classifyRequestPrompt } from './prompts/classify-request.ts';
import { describeLessons, describeOffered, type OfferForm } from './prompts/offered-entries.ts';
import { planAnswer, planPartsPrompt } from './prompts/plan-parts.ts';
import { callsAnswer, proposeCallsPrompt } from './prompts/propose-calls.ts';
import { repairProgramPrompt } from './prompts/repair-program.ts';
import { correctAnswerPrompt } from './prompts/correct-answer.ts';
import { writePartPrompt } from './prompts/write-part.ts';
import { writeProgramPrompt } from './prompts/write-program.ts';
import { loadOffered, loadPlan, loadProgram, loadRequest, loadText } from './stored-json.ts';

/** A prompt with the form its answer must have. */
export interface Prompt {
  readonly messages: readonly ChatMessage[];
  /** Present when the answer must be JSON. */
  readonly answerSchema?: Readonly<Record<string, unknown>>;
}

/** Data answers are short; this many tokens hold a plan of eight parts, and a model that loops is cut off. */
export const DATA_ANSWER_TOKENS = 3_000;

/** What memory offers for one prompt, already fenced; empty where it offers nothing. */
interface Offered {
  readonly describe: (form: OfferForm) => string;
  readonly lessons: string;
}

const NOTHING_OFFERED: Offered = { describe: () => '', lessons: '' };

/**
 * The prompt of a step. What memory offers is in it only where it leaves room for the answer in a context of `contextTokens`:
 * with 0 it is never in it.
 */
export async function buildPrompt(step: ModelStep, artifacts: ArtifactStore, contextTokens: number): Promise<Prompt> {
  const request = await loadRequest(artifacts, step.requestHash);
  const offered = await loadOffers(step, artifacts);
  if (offered !== NOTHING_OFFERED) {
    const prompt = await promptWith(step, request, offered, artifacts);
    if (tokensNeededBy(prompt, request) <= contextTokens) return prompt;
  }
  return promptWith(step, request, NOTHING_OFFERED, artifacts);
}

/** Estimated tokens of a prompt and of the longest answer to it. */
export function tokensNeededBy(prompt: Prompt, { maxTokens }: SynthesisRequest): number {
  return estimateTokens(prompt.messages) + (prompt.answerSchema ? DATA_ANSWER_TOKENS : maxTokens);
}

async function loadOffers({ task, offeredHash }: ModelStep, artifacts: ArtifactStore): Promise<Offered> {
  const lessonsHash = task.role === 'repair' ? task.lessonsHash : null;
  if (!offeredHash && !lessonsHash) return NOTHING_OFFERED;
  const entries = offeredHash ? await loadOffered(artifacts, offeredHash) : [];
  const lessons = lessonsHash ? await loadOffered(artifacts, lessonsHash) : [];
  // Entries are chosen before a model may have to tell the language.
  const language = languageOf(task);
  const fitting = entries.filter(({ value }) => language === null || value.language === language);
  return { describe: (form) => describeOffered(fitting, form), lessons: describeLessons(lessons) };
}

/** Null while the request is being classified. */
function languageOf(task: ModelTask): Language | null {
  if (task.role === 'classify') return null;
  return (task.role === 'plan' ? task.classification : task.scope.classification).language;
}

async function promptWith(
  step: ModelStep,
  request: SynthesisRequest,
  offered: Offered,
  artifacts: ArtifactStore,
): Promise<Prompt> {
  const prompt = await promptFor(step.task, request, offered, artifacts);
  if (!step.invalidAnswer) return prompt;
  const answer = await loadText(artifacts, step.invalidAnswer.answerHash);
  return { ...prompt, messages: [...prompt.messages, ...correctAnswerPrompt(answer, step.invalidAnswer.problem)] };
}

async function promptFor(
  task: ModelTask,
  request: SynthesisRequest,
  offered: Offered,
  artifacts: ArtifactStore,
): Promise<Prompt> {
  switch (task.role) {
    case 'classify': {
      const messages = classifyRequestPrompt(request, offered.describe('without code'));
      return { messages, answerSchema: toSchema(classificationAnswer) };
    }
    case 'plan': {
      const { classification, attemptSummary } = task;
      const similar = offered.describe('with code');
      const messages = planPartsPrompt(request, classification, attemptSummary, request.limits.parts, similar);
      return { messages, answerSchema: toSchema(planAnswer) };
    }
    case 'propose_calls': {
      const part = task.scope.planned?.part ?? null;
      const messages = proposeCallsPrompt(request, task.scope.classification, part);
      return { messages, answerSchema: toSchema(callsAnswer) };
    }
    case 'write':
      return { messages: await askForCode(task.scope, request, offered, artifacts) };
    case 'repair': {
      const asked = await askForCode(task.scope, request, offered, artifacts);
      const program = await loadProgram(artifacts, task.programHash);
      return { messages: repairProgramPrompt(asked, program, task.evidence, offered.lessons) };
    }
    default:
      return task satisfies never;
  }
}

async function askForCode(
  { classification, planned }: ProgramScope,
  request: SynthesisRequest,
  offered: Offered,
  artifacts: ArtifactStore,
): Promise<readonly ChatMessage[]> {
  const similar = offered.describe('with code');
  if (!planned) return writeProgramPrompt(request, classification, similar);
  return writePartPrompt(request, await loadPlan(artifacts, planned.planHash), planned.part, similar);
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
