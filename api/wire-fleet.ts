import { z } from '@hono/zod-openapi';
import type { NodeSnapshot } from '../domain/node.ts';
import type { KnownNodes } from './known-nodes.ts';
import { isHealthy } from './reports.ts';
import type { HealthReport, ModelsReport } from './reports.ts';
import { nodeFactsShape, toWireFacts } from './wire-node-facts.ts';

/** One Ollama host. */
export const nodeSchema = z
  .object({
    id: z.string(),
    url: z.string(),
    origin: z.enum(['settings', 'added', 'discovered']).openapi({ description: 'Where it is known from.' }),
    wanted: z.enum(['active', 'draining']).openapi({ description: 'A draining host gets no new calls.' }),
    state: z.enum(['up', 'down', 'unknown']),
    problem: z.string().nullable(),
    version: z.string().nullable(),
    since: z.string().nullable().openapi({ description: 'When it came into this state.' }),
    slots: z.int(),
    busy_slots: z.int(),
    seen_at: z.string().nullable(),
    ...nodeFactsShape,
  })
  .openapi('Node');

export const nodeListSchema = z
  .object({
    nodes: z.array(nodeSchema),
    removed: z
      .array(z.object({ id: z.string(), url: z.string() }))
      .openapi({ description: 'Hosts that were removed; resume brings one back.' }),
  })
  .openapi('NodeList');

const modelSchema = z
  .object({
    name: z.string(),
    size_bytes: z.number(),
    family: z.string(),
    parameter_size: z.string(),
    nodes: z.array(z.string()),
    resident_on: z.array(z.string()),
  })
  .openapi('Model');

export const modelListSchema = z
  .object({
    roles: z.record(z.string(), z.array(z.string())),
    models: z.array(modelSchema),
    missing: z
      .array(z.object({ role: z.string(), model: z.string() }))
      .openapi({ description: 'Models of the settings that no host has; `POST /models/pull` brings them.' }),
  })
  .openapi('ModelList');

export const healthSchema = z
  .object({
    status: z.enum(['healthy', 'unhealthy']),
    version: z.string(),
    parts: z.array(z.object({ name: z.string(), required: z.boolean(), healthy: z.boolean(), detail: z.string() })),
  })
  .openapi('Health');

export type WireNode = z.infer<typeof nodeSchema>;
export type WireNodeList = z.infer<typeof nodeListSchema>;
export type WireModelList = z.infer<typeof modelListSchema>;
export type WireHealth = z.infer<typeof healthSchema>;

export function toWireNodes({ known, removed }: KnownNodes): WireNodeList {
  return { nodes: known.map(toWireNode), removed: removed.map(({ id, url }) => ({ id, url })) };
}

export function toWireNode(node: NodeSnapshot): WireNode {
  return {
    id: node.id,
    url: node.url,
    origin: node.origin,
    wanted: node.wanted,
    state: node.state,
    problem: node.problem,
    version: node.version,
    since: node.since,
    slots: node.slots,
    busy_slots: node.busySlots,
    seen_at: node.seenAt,
    ...toWireFacts(node),
  };
}

export function toWireModels(report: ModelsReport): WireModelList {
  return {
    roles: Object.fromEntries(Object.entries(report.roles).map(([role, names]) => [role, [...names]])),
    missing: report.missing.map(({ role, model }) => ({ role, model })),
    models: report.models.map((model) => ({
      name: model.name,
      size_bytes: model.sizeBytes,
      family: model.family,
      parameter_size: model.parameterSize,
      nodes: [...model.nodes],
      resident_on: [...model.residentOn],
    })),
  };
}

export function toWireHealth(report: HealthReport, version: string): WireHealth {
  const status = isHealthy(report) ? 'healthy' : 'unhealthy';
  return { status, version, parts: report.parts.map((part) => ({ ...part })) };
}
