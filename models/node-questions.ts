import { z } from 'zod';

import type { NodeAddress } from '../domain/node.ts';
import type { LanguageModel } from './language-model.ts';
import type { AskNode, NodeQuestion } from './ask-node.ts';
import { nodeUnavailable } from './node-failure.ts';

/** The quick questions to a host: who it is and what it has. */
export type NodeQuestions = Pick<LanguageModel, 'getVersion' | 'listModels' | 'listResidentModels' | 'showModel'>;

/** Only what is used is checked, so that a newer host with more to say is understood. */
const versionAnswer = z.object({ version: z.string() });
const listAnswer = z.object({
  models: z.array(
    z.object({
      name: z.string(),
      size: z.number(),
      details: z.object({ family: z.string().default(''), parameter_size: z.string().default('') }).prefault({}),
    }),
  ),
});
const residentAnswer = z.object({ models: z.array(z.object({ name: z.string() })) });
const showAnswer = z.object({
  details: z.object({ parameter_size: z.string().default('') }).prefault({}),
  model_info: z.record(z.string(), z.unknown()).default({}),
  capabilities: z.array(z.string()).default([]),
});

/** Asks hosts, each question with a deadline of its own. Errors: as of `LanguageModel`. */
export function createNodeQuestions(askNode: AskNode): NodeQuestions {
  async function ask<Answer>(node: NodeAddress, form: z.ZodType<Answer>, question: NodeQuestion): Promise<Answer> {
    const checked = form.safeParse(await askNode(node, question));
    if (checked.success) return checked.data;
    throw nodeUnavailable(node, 'not_ollama', 'the answer is not in the form of Ollama', {}, checked.error);
  }

  return {
    async getVersion(node, timeoutMs) {
      return (await ask(node, versionAnswer, { path: '/api/version', timeoutMs })).version;
    },
    async listModels(node, timeoutMs) {
      const { models } = await ask(node, listAnswer, { path: '/api/tags', timeoutMs });
      return models.map(({ name, size, details }) => ({
        name,
        sizeBytes: size,
        family: details.family,
        parameterSize: details.parameter_size,
      }));
    },
    async listResidentModels(node, timeoutMs) {
      const { models } = await ask(node, residentAnswer, { path: '/api/ps', timeoutMs });
      return models.map((model) => model.name);
    },
    async showModel(node, model, timeoutMs) {
      const shown = await ask(node, showAnswer, { path: '/api/show', body: { model }, timeoutMs });
      return {
        contextTokens: readContextTokens(shown.model_info),
        capabilities: shown.capabilities,
        parameterSize: shown.details.parameter_size,
      };
    },
  };
}

/** The window stands under the name of the architecture, such as `llama.context_length`. */
function readContextTokens(info: Readonly<Record<string, unknown>>): number | null {
  const entry = Object.entries(info).find(([name]) => name.endsWith('.context_length'));
  return typeof entry?.[1] === 'number' ? entry[1] : null;
}
