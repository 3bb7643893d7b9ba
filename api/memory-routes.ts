import { createRoute } from '@hono/zod-openapi';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { SEARCHED_KINDS } from '../domain/memory-entry.ts';
import { DEFAULT_NAMESPACE } from '../domain/namespace.ts';
import type { ApiDeps } from './api-deps.ts';
import { refuseBrokenFilter, retentionQuerySchema, searchQuerySchema } from './memory-filters.ts';
import { problemContent } from './problem.ts';
import {
  memoryAnswerSchema,
  memoryStatusSchema,
  retentionSchema,
  toWireAnswer,
  toWireRetention,
  toWireTier,
} from './wire-memory.ts';
import type { WireMemoryStatus } from './wire-memory.ts';

const broken = { description: 'A rule is broken; `errors` names field, rule and value.', content: problemContent };
const away = { description: 'The system of record is away; see Retry-After.', content: problemContent };
const statusContent = { 'application/json': { schema: memoryStatusSchema } };

const statusRoute = createRoute({
  method: 'get',
  path: '/memory/status',
  summary: 'The tiers of memory: which work, how fast, what they hold, how far each copy is behind',
  responses: { 200: { description: 'In the order in which they are read.', content: statusContent }, 503: away },
});

const searchRoute = createRoute({
  method: 'get',
  path: '/memory/search',
  summary: 'Verified work and lessons, by words and by meaning; best first',
  request: { query: searchQuerySchema },
  responses: {
    200: {
      description: 'What was found, and why it may be less than could be.',
      content: { 'application/json': { schema: memoryAnswerSchema } },
    },
    400: broken,
    503: away,
  },
});

const rebuildRoute = createRoute({
  method: 'post',
  path: '/memory/rebuild',
  summary: 'Empty every copy and fill it again from the system of record',
  responses: {
    202: { description: 'It goes on in the background; the lag shows how far it is.', content: statusContent },
    503: away,
  },
});

const retainRoute = createRoute({
  method: 'post',
  path: '/memory/gc',
  summary: 'Remove what is expired, too old or more than there is room for',
  request: { query: retentionQuerySchema },
  responses: {
    200: { description: 'How many went, or would go.', content: { 'application/json': { schema: retentionSchema } } },
    400: broken,
    503: away,
  },
});

const DEFAULT_FOUND = 10;

/** `GET /memory/status`, `GET /memory/search`, `POST /memory/rebuild`, `POST /memory/gc`. */
export function addMemoryRoutes(app: OpenAPIHono, deps: ApiDeps): void {
  app.openapi(statusRoute, async (context) => context.json(await readStatus(deps), 200));

  app.openapi(
    searchRoute,
    async (context) => {
      const { q, kind, namespace, mode, limit } = context.req.valid('query');
      const answer = await deps.entries.search({
        text: q,
        namespace: namespace ?? DEFAULT_NAMESPACE,
        kinds: kind === undefined ? SEARCHED_KINDS : [kind],
        mode: mode ?? 'hybrid',
        limit: limit ?? DEFAULT_FOUND,
      });
      return context.json(toWireAnswer(answer), 200);
    },
    refuseBrokenFilter(searchQuerySchema),
  );

  app.openapi(rebuildRoute, async (context) => {
    await deps.entries.rebuild();
    context.header('Location', '/memory/status');
    return context.json(await readStatus(deps), 202);
  });

  app.openapi(
    retainRoute,
    async (context) => {
      const isDryRun = context.req.valid('query').dry_run === 'true';
      const report = await deps.entries.retain(deps.entryRetention(), isDryRun);
      return context.json(toWireRetention(report, isDryRun), 200);
    },
    refuseBrokenFilter(retentionQuerySchema),
  );
}

async function readStatus({ entries }: ApiDeps): Promise<WireMemoryStatus> {
  return { tiers: (await entries.status()).map(toWireTier) };
}
