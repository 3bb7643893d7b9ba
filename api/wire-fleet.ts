import { z } from '@hono/zod-openapi';
import type { NodeSnapshot } from '../domain/node.ts';
import { isHealthy } from './reports.ts';
import type { HealthReport, ModelsReport } from './reports.ts';

const nodeSchema = z
  .object({
    id: z.string(),
    url: z.string(),
    state: z.enum(['up', 'down', 'unknown']),
    problem: z.string().nullable(),
    version: z.string().nullable(),
    models: z.array(z.string()),
    resident_models: z.array(z.string()),
    slots: z.int(),
    busy_slots: z.int(),
    seen_at: z.string().nullable(),
  })
  .openapi('Node');

export const nodeListSchema = z.object({ nodes: z.array(nodeSchema) }).openapi('NodeList');

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
  .object({ roles: z.record(z.string(), z.array(z.string())), models: z.array(modelSchema) })
  .openapi('ModelList');

export const healthSchema = z
  .object({
    status: z.enum(['healthy', 'unhealthy']),
    version: z.string(),
    parts: z.array(z.object({ name: z.string(), required: z.boolean(), healthy: z.boolean(), detail: z.string() })),
  })
  .openapi('Health');

export type WireNodeList = z.infer<typeof nodeListSchema>;
export type WireModelList = z.infer<typeof modelListSchema>;
export type WireHealth = z.infer<typeof healthSchema>;

export function toWireNodes(nodes: readonly NodeSnapshot[]): WireNodeList {
  return {
    nodes: nodes.map((node) => ({
      id: node.id,
      url: node.url,
      state: node.state,
      problem: node.problem,
      version: node.version,
      models: node.models.map((model) => model.name),
      resident_models: [...node.residentModels],
      slots: node.slots,
      busy_slots: node.busySlots,
      seen_at: node.seenAt,
    })),
  };
}

export function toWireModels(report: ModelsReport): WireModelList {
  return {
    roles: Object.fromEntries(Object.entries(report.roles).map(([role, names]) => [role, [...names]])),
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
