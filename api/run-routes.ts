import { createRoute, z } from '@hono/zod-openapi';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { isTerminal, RUN_STATUSES } from '../domain/run.ts';
import type { RunRecord } from '../domain/run.ts';
import type { ApiDeps } from './api-deps.ts';
import { readNodes } from './known-nodes.ts';
import { listWaits } from './list-waits.ts';
import type { Wait } from './list-waits.ts';
import { problemContent } from './problem.ts';
import { readProgram, requireRun, runParams } from './run-params.ts';
import { runListSchema, runSchema, toWireRun, toWireSummary } from './wire-run.ts';

const runContent = { 'application/json': { schema: runSchema } };
const notFound = { description: 'No run has this ID.', content: problemContent };

const listRoute = createRoute({
  method: 'get',
  path: '/runs',
  summary: 'Runs, newest first',
  request: {
    query: z.strictObject({
      status: z.enum(RUN_STATUSES).optional(),
      limit: z.coerce.number().int().min(1).max(200).optional().openapi({ description: 'Default 50.' }),
      cursor: z.string().max(500).optional().openapi({ description: 'next_cursor of the page before.' }),
    }),
  },
  responses: {
    200: { description: 'One page.', content: { 'application/json': { schema: runListSchema } } },
    422: { description: 'A parameter breaks a rule.', content: problemContent },
  },
});

const statusRoute = createRoute({
  method: 'get',
  path: '/runs/{id}',
  summary: 'A run: progress, result, error',
  request: { params: runParams },
  responses: { 200: { description: 'The run.', content: runContent }, 404: notFound },
});

const cancelRoute = createRoute({
  method: 'post',
  path: '/runs/{id}/cancel',
  summary: 'Stop a run',
  request: { params: runParams },
  responses: {
    200: { description: 'The run had ended before.', content: runContent },
    202: { description: 'The run was asked to stop.', content: runContent },
    404: notFound,
    503: { description: 'Temporal is away; see Retry-After.', content: problemContent },
  },
});

const DEFAULT_PAGE = 50;

/** `GET /runs`, `GET /runs/{id}`, `POST /runs/{id}/cancel`. */
export function addRunRoutes(app: OpenAPIHono, deps: ApiDeps): void {
  const { runs, artifacts } = deps.memory;
  const toWire = async (run: RunRecord) =>
    toWireRun(run, await readProgram(artifacts, run), await readWaits(deps, run));

  app.openapi(listRoute, async (context) => {
    const { status, limit, cursor } = context.req.valid('query');
    const page = await runs.list({
      limit: limit ?? DEFAULT_PAGE,
      ...(status && { status }),
      ...(cursor && { cursor }),
    });
    return context.json({ runs: page.runs.map(toWireSummary), next_cursor: page.nextCursor }, 200);
  });

  app.openapi(statusRoute, async (context) => {
    return context.json(await toWire(await requireRun(runs, context.req.valid('param').id)), 200);
  });

  app.openapi(cancelRoute, async (context) => {
    const run = await requireRun(runs, context.req.valid('param').id);
    const isAsked = !isTerminal(run.status) && (await deps.runs.cancel(run.id));
    return context.json(await toWire(await requireRun(runs, run.id)), isAsked ? 202 : 200);
  });
}

async function readWaits(deps: ApiDeps, run: RunRecord): Promise<readonly Wait[]> {
  if (isTerminal(run.status)) return [];
  const [events, nodes] = await Promise.all([deps.memory.events.readWithoutText(run.id), readNodes(deps)]);
  return listWaits(events, nodes.known);
}
