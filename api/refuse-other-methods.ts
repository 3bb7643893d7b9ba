import type { OpenAPIHono } from '@hono/zod-openapi';
import { HTTPException } from 'hono/http-exception';
import { METHOD_NAME_ALL } from 'hono/router';

/** Answers 405 with `Allow` where a path is known and its method is not. To be called after all routes were added. */
export function refuseOtherMethods(app: OpenAPIHono): void {
  for (const [path, methods] of listMethods(app)) {
    app.all(path, (context) => {
      context.header('Allow', methods.join(', '));
      throw new HTTPException(405, {
        message: `${context.req.path} takes ${methods.join(' and ')}; seen: ${context.req.method}.`,
      });
    });
  }
}

function listMethods(app: OpenAPIHono): ReadonlyMap<string, readonly string[]> {
  const byPath = new Map<string, readonly string[]>();
  for (const { path, method } of app.routes) {
    if (method === METHOD_NAME_ALL) continue;
    // Whatever answers GET answers HEAD as well.
    const added = method === 'GET' ? ['GET', 'HEAD'] : [method];
    byPath.set(path, [...new Set([...(byPath.get(path) ?? []), ...added])]);
  }
  return byPath;
}
