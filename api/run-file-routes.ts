import { createRoute, z } from '@hono/zod-openapi';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { strToU8, zipSync } from 'fflate';
import { HTTPException } from 'hono/http-exception';
import type { SourceFile } from '../domain/request.ts';
import type { ApiDeps } from './api-deps.ts';
import { problemContent } from './problem.ts';
import { readProgram, requireRun, runParams } from './run-params.ts';
import { statusPath } from './wire-run.ts';

const fileListSchema = z
  .object({ files: z.array(z.object({ path: z.string(), size_bytes: z.int(), url: z.string() })) })
  .openapi('FileList');

const notFound = { description: 'No such run or file.', content: problemContent };

const listRoute = createRoute({
  method: 'get',
  path: '/runs/{id}/files',
  summary: 'The files of a result, as a list or as a zip archive',
  request: { params: runParams, query: z.object({ format: z.enum(['json', 'zip']).optional() }) },
  responses: {
    200: {
      description: 'The list; with `?format=zip` or `Accept: application/zip` the archive.',
      content: { 'application/json': { schema: fileListSchema }, 'application/zip': { schema: z.string() } },
    },
    404: notFound,
  },
});

/** `GET /runs/{id}/files` and `GET /runs/{id}/files/{path}`. */
export function addFileRoutes(app: OpenAPIHono, deps: ApiDeps): void {
  app.openapi(listRoute, async (context) => {
    const { id } = context.req.valid('param');
    const files = await readFiles(deps, id);
    const isZip = (context.req.valid('query').format ?? readAccepted(context.req.header('accept'))) === 'zip';
    return isZip
      ? respondWithZip(id, files)
      : context.json({ files: files.map((file) => describeFile(id, file)) }, 200);
  });

  app.openAPIRegistry.registerPath({
    method: 'get',
    path: '/runs/{id}/files/{path}',
    summary: 'One file of a result',
    request: { params: runParams.extend({ path: z.string() }) },
    responses: { 200: { description: 'Its text.', content: { 'text/plain': { schema: z.string() } } }, 404: notFound },
  });
  app.get('/runs/:id/files/:path{.+}', async (context) => {
    const { id, path } = context.req.param();
    const file = (await readFiles(deps, id)).find((file) => file.path === path);
    if (file === undefined)
      throw new HTTPException(404, { message: `The result has no file "${path.slice(0, 255)}".` });
    // Plain text, whatever it is: a generated page must not run in the reader's browser as ours.
    return context.text(file.content);
  });
}

async function readFiles(deps: ApiDeps, id: string): Promise<readonly SourceFile[]> {
  const program = await readProgram(deps.memory.artifacts, await requireRun(deps.memory.runs, id));
  return program?.files ?? [];
}

function readAccepted(accept: string | undefined): 'json' | 'zip' {
  return accept?.includes('application/zip') ? 'zip' : 'json';
}

function describeFile(id: string, file: SourceFile) {
  const path = file.path.split('/').map(encodeURIComponent).join('/');
  return {
    path: file.path,
    size_bytes: Buffer.byteLength(file.content),
    url: `${statusPath(id)}/files/${path}`,
  };
}

function respondWithZip(id: string, files: readonly SourceFile[]): Response {
  const archive = zipSync(Object.fromEntries(files.map((file) => [file.path, strToU8(file.content)])));
  return new Response(Buffer.from(archive), {
    headers: { 'Content-Type': 'application/zip', 'Content-Disposition': `attachment; filename="${id}.zip"` },
  });
}
