import { createRoute } from '@hono/zod-openapi';
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { EntryId, RunId } from '../domain/ids.ts';
import type { ApiDeps } from './api-deps.ts';
import { entryNotFound, findEntry, takeEntries } from './find-entry.ts';
import { entryParamsSchema, isWholeId, listQuerySchema, refuseBrokenFilter } from './memory-filters.ts';
import { problemContent } from './problem.ts';
import { entryListSchema, entrySchema, toWireEntry, toWireEntrySummary } from './wire-entry.ts';

const broken = { description: 'A rule is broken; `errors` names field, rule and value.', content: problemContent };
const notFound = { description: 'Memory keeps nothing under this ID.', content: problemContent };

const listRoute = createRoute({
  method: 'get',
  path: '/memory/entries',
  summary: 'What memory keeps, in the order of IDs',
  request: { query: listQuerySchema },
  responses: {
    200: { description: 'One page.', content: { 'application/json': { schema: entryListSchema } } },
    400: broken,
  },
});

const entryRoute = createRoute({
  method: 'get',
  path: '/memory/entries/{id}',
  summary: 'One entry with all that is kept of it',
  request: { params: entryParamsSchema },
  responses: {
    200: { description: 'The entry.', content: { 'application/json': { schema: entrySchema } } },
    400: broken,
    404: notFound,
  },
});

const deleteRoute = createRoute({
  method: 'delete',
  path: '/memory/entries/{id}',
  summary: 'Forget an entry, in every tier and for good',
  request: { params: entryParamsSchema },
  responses: { 204: { description: 'It is forgotten.' }, 400: broken, 404: notFound },
});

const DEFAULT_PAGE = 50;

/** `GET /memory/entries`, `GET /memory/entries/{id}`, `DELETE /memory/entries/{id}`. */
export function addEntryRoutes(app: OpenAPIHono, { entries }: Pick<ApiDeps, 'entries'>): void {
  app.openapi(
    listRoute,
    async (context) => {
      const { namespace, kind, run, limit = DEFAULT_PAGE, cursor } = context.req.valid('query');
      // One more tells whether there are more.
      const list = entries.list({
        ...(namespace !== undefined && { namespace }),
        ...(kind !== undefined && { kinds: [kind] }),
        ...(run !== undefined && { runId: run as RunId }),
        ...(cursor !== undefined && { after: cursor as EntryId }),
        limit: limit + 1,
      });
      const taken = await takeEntries(list, limit + 1);
      const page = taken.slice(0, limit);
      const nextCursor = taken.length > limit ? (page.at(-1)?.id ?? null) : null;
      return context.json({ entries: page.map(toWireEntrySummary), next_cursor: nextCursor }, 200);
    },
    refuseBrokenFilter(listQuerySchema),
  );

  app.openapi(
    entryRoute,
    async (context) => context.json(toWireEntry(await findEntry(entries, context.req.valid('param').id)), 200),
    refuseBrokenFilter(entryParamsSchema),
  );

  app.openapi(
    deleteRoute,
    async (context) => {
      const { id } = context.req.valid('param');
      const whole = isWholeId(id) ? (id as EntryId) : (await findEntry(entries, id)).id;
      if (!(await entries.remove(whole))) throw entryNotFound(id);
      return context.body(null, 204);
    },
    refuseBrokenFilter(entryParamsSchema),
  );
}
