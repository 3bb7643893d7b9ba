import { z } from 'zod';

import type { NodeAddress } from '../domain/node.ts';
import type { LanguageModel } from './language-model.ts';
import type { AskNode, NodeQuestion } from './ask-node.ts';
import { readContextTokens, readMemoryShape } from './model-info.ts';
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
      details: z
        .object({
          family: z.string().default(''),
          parameter_size: z.string().default(''),
          quantization_level: z.string().default(''),
        })
        .prefault({}),
      capabilities: z.array(z.string()).optional(),
      digest: z.string().optional(),
    }),
  ),
});
/** Hosts of before May 2025 do not say the context. */
const residentAnswer = z.object({
  models: z.array(
    z.object({
      name: z.string(),
      size: z.number().default(0),
      size_vram: z.number().default(0),
      context_length: z.number().optional(),
      expires_at: z.string().optional(),
    }),
  ),
});
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
      return models.map(({ name, size, details, capabilities, digest }) => ({
        name,
        sizeBytes: size,
        family: details.family,
        parameterSize: details.parameter_size,
        ...(details.quantization_level === '' ? {} : { quantization: details.quantization_level }),
        ...(capabilities === undefined ? {} : { capabilities }),
        ...(digest === undefined ? {} : { digest }),
      }));
    },
    async listResidentModels(node, timeoutMs) {
      const { models } = await ask(node, residentAnswer, { path: '/api/ps', timeoutMs });
      return models.map(({ name, size, size_vram, context_length, expires_at }) => ({
        name,
        sizeBytes: size,
        vramBytes: size_vram,
        contextTokens: context_length ?? null,
        ...(expires_at === undefined ? {} : { expiresAt: expires_at }),
      }));
    },
    async showModel(node, model, timeoutMs) {
      const shown = await ask(node, showAnswer, { path: '/api/show', body: { model }, timeoutMs });
      return {
        contextTokens: readContextTokens(shown.model_info) ?? null,
        memoryShape: readMemoryShape(shown.model_info) ?? null,
        capabilities: shown.capabilities,
        parameterSize: shown.details.parameter_size,
      };
    },
  };
}
