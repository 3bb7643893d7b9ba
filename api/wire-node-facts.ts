import { z } from '@hono/zod-openapi';
import type { ModelSpeed, NodeModel, NodeSnapshot, ResidentModel } from '../domain/node.ts';

const unsaid = 'Null: the host does not say.';
const unmeasured = 'Null: not measured yet.';

const modelFactsSchema = z.object({
  name: z.string(),
  size_bytes: z.number(),
  family: z.string(),
  parameter_size: z.string(),
  quantization: z.string().nullable().openapi({ description: unsaid }),
  context_tokens: z
    .number()
    .nullable()
    .openapi({ description: `The longest it was trained for. ${unsaid}` }),
  capabilities: z.array(z.string()).nullable().openapi({ description: unsaid }),
});

const residentSchema = z.object({
  name: z.string(),
  size_bytes: z.number().openapi({ description: 'All that it takes, its context included.' }),
  vram_bytes: z.number().openapi({ description: 'The share in graphics memory; less than all of it is slow.' }),
  context_tokens: z.number().nullable().openapi({ description: unsaid }),
  expires_at: z.string().nullable().openapi({ description: unsaid }),
});

const vramSchema = z.object({
  total_bytes: z.number().nullable().openapi({ description: 'Null: nobody has said or seen it.' }),
  used_bytes: z.number(),
  source: z
    .enum(['operator', 'learned'])
    .nullable()
    .openapi({ description: 'Learned: the most that was seen in use, which may be less than there is.' }),
});

const speedSchema = z.object({
  model: z.string(),
  prompt_tokens_per_second: z.number().nullable().openapi({ description: unmeasured }),
  completion_tokens_per_second: z.number().nullable().openapi({ description: unmeasured }),
  load_seconds: z.number().nullable().openapi({ description: unmeasured }),
  failure_share: z.number().openapi({ description: "Of its recent calls, those that failed by the host's fault." }),
  samples: z.int().openapi({ description: 'Finished calls that this rests on.' }),
  parallelism: z
    .int()
    .nullable()
    .openapi({ description: `Calls that it really runs at once. ${unmeasured}` }),
});

/** The part of a node that was found out by asking and measuring. */
export const nodeFactsShape = {
  models: z.array(modelFactsSchema),
  resident_models: z.array(residentSchema),
  vram: vramSchema,
  speeds: z.array(speedSchema),
};

export type WireNodeFacts = z.infer<z.ZodObject<typeof nodeFactsShape>>;

export function toWireFacts(node: NodeSnapshot): WireNodeFacts {
  return {
    models: node.models.map(toWireModelFacts),
    resident_models: node.residentModels.map(toWireResident),
    vram: {
      total_bytes: node.vramBytes,
      used_bytes: node.residentModels.reduce((sum, resident) => sum + resident.vramBytes, 0),
      source: node.vramSource,
    },
    speeds: node.speeds.map(toWireSpeed),
  };
}

function toWireModelFacts(model: NodeModel): WireNodeFacts['models'][number] {
  return {
    name: model.name,
    size_bytes: model.sizeBytes,
    family: model.family,
    parameter_size: model.parameterSize,
    quantization: model.quantization ?? null,
    context_tokens: model.contextTokens ?? null,
    capabilities: model.capabilities ? [...model.capabilities] : null,
  };
}

function toWireResident(resident: ResidentModel): WireNodeFacts['resident_models'][number] {
  return {
    name: resident.name,
    size_bytes: resident.sizeBytes,
    vram_bytes: resident.vramBytes,
    context_tokens: resident.contextTokens,
    expires_at: resident.expiresAt ?? null,
  };
}

function toWireSpeed(speed: ModelSpeed): WireNodeFacts['speeds'][number] {
  return {
    model: speed.model,
    prompt_tokens_per_second: speed.promptTokensPerSecond,
    completion_tokens_per_second: speed.completionTokensPerSecond,
    load_seconds: speed.loadSeconds,
    failure_share: speed.failureShare,
    samples: speed.samples,
    parallelism: speed.parallelism,
  };
}
