import { z } from '@hono/zod-openapi';
import { fullModelName, isModelName } from '../domain/model-name.ts';
import type { ModelPull } from '../domain/model-pull.ts';

/** Longer names are refused by Ollama as well. */
const MAX_NAME_CHARACTERS = 512;
/** As many hosts as one fleet has at most. */
const MAX_NODES = 1_000;

/** Body of `POST /models/pull`. */
export const pullBodySchema = z
  .strictObject({
    model: z
      .string()
      .min(1)
      .max(MAX_NAME_CHARACTERS)
      .refine((name) => name === '' || isModelName(name), {
        error: 'must be the name of a model, such as qwen3:1.7b or hf.co/owner/model:tag',
      })
      .openapi({ example: 'qwen3:1.7b' }),
    nodes: z
      .array(z.string())
      .min(1)
      .max(MAX_NODES)
      .optional()
      .openapi({ description: 'IDs of the hosts; default: every host that is up.' }),
    on: z.int().min(1).max(MAX_NODES).optional().openapi({
      description: 'How many of the hosts that are up shall have it; those that have it already come first.',
    }),
  })
  .openapi('PullBody');

const nodePullSchema = z.object({
  node: z.string(),
  state: z.enum(['waiting', 'pulling', 'done', 'failed', 'cancelled']),
  status: z.string().openapi({ description: "In the host's words." }),
  completed_bytes: z.number().nullable(),
  total_bytes: z.number().nullable(),
  problem: z.string().nullable(),
});

export const pullSchema = z
  .object({
    id: z.string(),
    model: z.string(),
    status: z.enum(['running', 'completed', 'failed', 'cancelled']),
    status_url: z.string(),
    started_at: z.string(),
    ended_at: z.string().nullable(),
    nodes: z.array(nodePullSchema),
  })
  .openapi('Pull');

export const pullListSchema = z.object({ pulls: z.array(pullSchema) }).openapi('PullList');

/** Answer to a pull that was asked for. */
export const pullAcceptedSchema = z
  .object({
    id: z.string(),
    status_url: z.string(),
    nodes: z.array(z.string()),
    joined: z.boolean().openapi({ description: 'True when this model was being pulled already.' }),
  })
  .openapi('PullAccepted');

export type PullBody = z.infer<typeof pullBodySchema>;
export type WirePull = z.infer<typeof pullSchema>;
export type WirePullList = z.infer<typeof pullListSchema>;
export type WirePullAccepted = z.infer<typeof pullAcceptedSchema>;

/** Public ID of the pull of a model. */
export function pullId(model: string): string {
  return fullModelName(model);
}

/** Address of a pull below the API's own address. */
export function pullPath(model: string): string {
  return `/models/pulls/${encodeURIComponent(pullId(model))}`;
}

export function toWirePull(pull: ModelPull): WirePull {
  return {
    id: pullId(pull.model),
    model: pull.model,
    status: pull.status,
    status_url: pullPath(pull.model),
    started_at: pull.startedAt,
    ended_at: pull.endedAt,
    nodes: pull.nodes.map((node) => ({
      node: node.nodeId,
      state: node.state,
      status: node.status,
      completed_bytes: node.completedBytes,
      total_bytes: node.totalBytes,
      problem: node.problem,
    })),
  };
}
