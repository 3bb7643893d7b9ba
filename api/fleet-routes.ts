import { createRoute } from '@hono/zod-openapi';
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { ApiDeps } from './api-deps.ts';
import { readNodes } from './known-nodes.ts';
import { isHealthy } from './reports.ts';
import {
  healthSchema,
  modelListSchema,
  nodeListSchema,
  toWireHealth,
  toWireModels,
  toWireNodes,
} from './wire-fleet.ts';

const nodesRoute = createRoute({
  method: 'get',
  path: '/nodes',
  summary: 'The Ollama hosts, as last seen',
  responses: { 200: { description: 'All hosts.', content: { 'application/json': { schema: nodeListSchema } } } },
});

const modelsRoute = createRoute({
  method: 'get',
  path: '/models',
  summary: 'The models of the fleet and their roles',
  responses: { 200: { description: 'All models.', content: { 'application/json': { schema: modelListSchema } } } },
});

const healthContent = { 'application/json': { schema: healthSchema } };
const healthRoute = createRoute({
  method: 'get',
  path: '/health',
  summary: 'Whether the service works, part by part',
  responses: {
    200: { description: 'Every required part works.', content: healthContent },
    503: { description: 'A required part does not.', content: healthContent },
  },
});

/** `GET /nodes`, `GET /models`, `GET /health`. */
export function addFleetRoutes(app: OpenAPIHono, deps: ApiDeps): void {
  app.openapi(nodesRoute, async (context) => context.json(toWireNodes(await readNodes(deps)), 200));
  app.openapi(modelsRoute, async (context) => context.json(toWireModels(await deps.models()), 200));
  app.openapi(healthRoute, async (context) => {
    const report = await deps.health();
    return context.json(toWireHealth(report, deps.version), isHealthy(report) ? 200 : 503);
  });
}
