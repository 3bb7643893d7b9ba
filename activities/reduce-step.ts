import { sameModel } from '../domain/model-name.ts';
import type { ModelStep } from '../domain/model-step.ts';
import { writingTasks } from '../domain/worker-task.ts';
import { buildPrompt, tokensNeededBy } from './build-prompt.ts';
import { chooseModels, findModel, sizeOf, type ChosenModels } from './choose-models.ts';
import type { StoreDependencies } from './dependencies.ts';
import { loadRequest } from './stored-json.ts';

/** Contexts are multiples of this: each other one makes a host load the model anew. */
const CONTEXT_UNIT_TOKENS = 1024;

/** The context window that a call of this step asks for, in tokens. */
export function contextTokensOf(step: ModelStep, { settings }: Pick<StoreDependencies, 'settings'>): number {
  return step.reduced?.contextTokens ?? settings.contextTokens;
}

/**
 * The same step in a form that takes less of a host's memory, after it fitted nowhere: half the context, as long as prompt and
 * answer need no more; then a smaller model that the settings allow. Null when there is none.
 */
export async function reduceStep(deps: StoreDependencies, step: ModelStep): Promise<ModelStep | null> {
  const contextTokens = contextTokensOf(step, deps);
  const plannedModel = step.reduced?.plannedModel ?? step.sample.model;
  const smaller = Math.max(await tokensNeeded(deps, step), roundUp(contextTokens / 2));
  if (smaller < contextTokens) return { ...step, reduced: { plannedModel, contextTokens: smaller } };
  const model = await smallerModel(deps, step);
  if (model === undefined) return null;
  const { contextTokens: whole } = deps.settings;
  return { ...step, sample: { ...step.sample, model }, reduced: { plannedModel, contextTokens: whole } };
}

/** What a result says of a step that was made otherwise than planned; undefined for one that was not. */
export function explainReduction(step: ModelStep, deps: Pick<StoreDependencies, 'settings'>): string | undefined {
  if (!step.reduced) return undefined;
  const { plannedModel, contextTokens } = step.reduced;
  const { model } = step.sample;
  const standsIn = sameModel(model, plannedModel) ? [] : [`${model} answered in its place`];
  const isShort = contextTokens < deps.settings.contextTokens;
  const shortened = isShort
    ? [`with a context of ${contextTokens} tokens instead of ${deps.settings.contextTokens}`]
    : [];
  const instead = standsIn.length > 0 ? [...standsIn, ...shortened] : ['it was asked', ...shortened];
  return `${plannedModel} did not fit into the memory of any host; ${instead.join(' ')}.`;
}

/** Without what memory offers, which is left out before a smaller model is asked. */
async function tokensNeeded({ memory }: StoreDependencies, step: ModelStep): Promise<number> {
  const { artifacts } = memory;
  const [prompt, asked] = await Promise.all([
    buildPrompt(step, artifacts, 0),
    loadRequest(artifacts, step.requestHash),
  ]);
  return roundUp(tokensNeededBy(prompt, asked));
}

function roundUp(tokens: number): number {
  return Math.ceil(tokens / CONTEXT_UNIT_TOKENS) * CONTEXT_UNIT_TOKENS;
}

/** The first of the allowed models that a host which is up has, and that is smaller than the one that did not fit. */
async function smallerModel(deps: StoreDependencies, step: ModelStep): Promise<string | undefined> {
  const request = await loadRequest(deps.memory.artifacts, step.requestHash);
  const chosen = await chooseModels(request, deps.settings, deps.memory.nodeSnapshots);
  const up = chosen.nodes.filter((node) => node.state === 'up');
  const tooLarge = sizeOf(chosen.nodes, step.sample.model);
  const allowed = deps.settings.fallbackModels ?? writersOf(step, chosen);
  return allowed.find((name) => findModel(up, name) && sizeOf(up, name) < tooLarge);
}

/** The models that may write what this step is about, preferred first. */
function writersOf({ task }: ModelStep, { tasks, workers }: ChosenModels): readonly string[] {
  const named = 'scope' in task ? writingTasks(task.scope).find((name) => tasks[name]) : undefined;
  return (named && tasks[named]) ?? workers;
}
