import { createRoute, z } from '@hono/zod-openapi';
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { NodeId, RunId } from '../domain/ids.ts';
import type { ApiDeps } from './api-deps.ts';
import { problemContent } from './problem.ts';
import { decisionListSchema, toWireDecision } from './wire-decision.ts';

const decisionsRoute = createRoute({
  method: 'get',
  path: '/fleet/decisions',
  summary: 'Which host each of the last model calls went to, and why; newest first',
  request: {
    query: z.strictObject({
      limit: z.coerce.number().int().min(1).max(1000).optional().openapi({ description: 'Default 50.' }),
      run: z.string().max(200).optional().openapi({ description: 'The workflow_id of a run: only its calls.' }),
      node: z.string().max(200).optional().openapi({ description: 'A host: only calls that went to it.' }),
    }),
  },
  responses: {
    200: { description: 'The decisions.', content: { 'application/json': { schema: decisionListSchema } } },
    422: { description: 'A parameter breaks a rule.', content: problemContent },
  },
});

const DEFAULT_PAGE = 50;

/** `GET /fleet/decisions`. */
export function addDecisionRoutes(app: OpenAPIHono, { memory }: Pick<ApiDeps, 'memory'>): void {
  app.openapi(decisionsRoute, async (context) => {
    const { limit = DEFAULT_PAGE, run, node } = context.req.valid('query');
    const decisions = await memory.decisions.list({
      limit,
      ...(run !== undefined && { runId: run as RunId }),
      ...(node !== undefined && { nodeId: node as NodeId }),
    });
    return context.json({ decisions: decisions.map(toWireDecision) }, 200);
  });
}
