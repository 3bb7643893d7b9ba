import { ReadableStream, TextEncoderStream } from 'node:stream/web';
import { createRoute, z } from '@hono/zod-openapi';
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { ApiDeps } from './api-deps.ts';
import { JSON_LINES, requireJsonLines } from './guard-requests.ts';
import { exportQuerySchema, refuseBrokenFilter } from './memory-filters.ts';
import { problemContent } from './problem.ts';
import { splitLines } from './split-lines.ts';
import { importReportSchema, toWireImport } from './wire-memory.ts';

/** Its body is taken in line by line, so that it may be larger than others. */
export const IMPORT_PATH = '/memory/import';

const linesContent = { [JSON_LINES]: { schema: z.string() } };

const exportRoute = createRoute({
  method: 'get',
  path: '/memory/export',
  summary: 'Everything that memory keeps, as JSON Lines',
  request: { query: exportQuerySchema },
  responses: {
    200: { description: 'One entry a line. An answer that breaks off ends the connection.', content: linesContent },
    400: { description: 'A rule is broken; `errors` names field, rule and value.', content: problemContent },
    503: { description: 'The system of record is away; see Retry-After.', content: problemContent },
  },
});

/** `GET /memory/export`, `POST /memory/import`. */
export function addTransferRoutes(app: OpenAPIHono, deps: ApiDeps): void {
  app.openapi(
    exportRoute,
    async (context) => {
      const { namespace, kind } = context.req.valid('query');
      const lines = deps.exportEntries({
        ...(namespace !== undefined && { namespace }),
        ...(kind !== undefined && { kinds: [kind] }),
      });
      const answer = context.body(await openStream(lines, deps), 200, { 'Content-Type': JSON_LINES });
      // The types of routes take the name of JSON Lines for JSON.
      return answer as never;
    },
    refuseBrokenFilter(exportQuerySchema),
  );

  describeImport(app);
  app.post(IMPORT_PATH, requireJsonLines(), async (context) => {
    const { body } = context.req.raw;
    const report = await deps.importEntries(splitLines(body ?? new ReadableStream()));
    return context.json(toWireImport(report), 200);
  });
}

/** A body of lines is beyond what a schema can check. */
function describeImport(app: OpenAPIHono): void {
  app.openAPIRegistry.registerPath({
    method: 'post',
    path: IMPORT_PATH,
    summary: 'Take in what was exported, as JSON Lines',
    description:
      'What is here stays where it is as new, so that a file may be sent again. A body has to arrive within 30 s; send more in pieces.',
    request: { body: { required: true, content: linesContent } },
    responses: {
      200: {
        description: 'What became of the lines, those that are no entry by their numbers.',
        content: { 'application/json': { schema: importReportSchema } },
      },
      413: { description: 'A line is too long.', content: problemContent },
      415: { description: 'The body is not declared as JSON Lines.', content: problemContent },
      503: { description: 'The system of record is away; see Retry-After.', content: problemContent },
    },
  });
}

/** The lines as bytes, each when it is asked for. The first one is read before: a store that is away is no answer. */
async function openStream(lines: AsyncIterable<string>, deps: ApiDeps): Promise<ReadableStream> {
  const iterator = lines[Symbol.asyncIterator]();
  const first = await iterator.next();
  async function* readAll(): AsyncGenerator<string> {
    try {
      if (!first.done) yield first.value;
      yield* { [Symbol.asyncIterator]: () => iterator };
    } catch (error) {
      deps.reportError(error);
      // Cuts the connection, so that nobody takes the half for the whole.
      throw error;
    }
  }
  return ReadableStream.from(readAll()).pipeThrough(new TextEncoderStream());
}
