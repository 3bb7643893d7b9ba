import { OpenAPIHono } from '@hono/zod-openapi';
import type { Hook } from '@hono/zod-openapi';
import type { Env } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { except } from 'hono/combine';
import { HTTPException } from 'hono/http-exception';
import { secureHeaders } from 'hono/secure-headers';
import { describeIssues } from './describe-issues.ts';
import type { ApiDeps } from './api-deps.ts';
import { addDecisionRoutes } from './decision-routes.ts';
import { addEntryRoutes } from './entry-routes.ts';
import { addFleetRoutes } from './fleet-routes.ts';
import { addGenerateRoute } from './generate-route.ts';
import { addNodeRoutes } from './node-routes.ts';
import { checkHost, checkOrigin, listAllowedHosts, requireJson } from './guard-requests.ts';
import { addMemoryRoutes } from './memory-routes.ts';
import { addMetricsRoute } from './metrics-route.ts';
import { createErrorHandler } from './problem.ts';
import { addPullRoutes } from './pull-routes.ts';
import { refuseOtherMethods } from './refuse-other-methods.ts';
import { rejectRequest } from './reject-request.ts';
import { addEventRoutes } from './run-event-routes.ts';
import { addFileRoutes } from './run-file-routes.ts';
import { addRunRoutes } from './run-routes.ts';
import { addTransferRoutes, IMPORT_PATH } from './transfer-routes.ts';
import { pullBodySchema } from './wire-pull.ts';
import { createGenerateBodySchema } from './wire-request.ts';

/** The HTTP API as a Hono app: `api.request('/health')` works without a socket. */
export function createApi(deps: ApiDeps): OpenAPIHono {
  const app = new OpenAPIHono({ defaultHook: createRuleCheck(deps) });
  app.onError(createErrorHandler((error) => deps.reportError(error)));
  app.notFound((context) => {
    throw new HTTPException(404, { message: `Nothing is at ${context.req.path}; /openapi.json lists what there is.` });
  });
  addGuards(app, deps);
  addGenerateRoute(app, deps);
  addRunRoutes(app, deps);
  addEventRoutes(app, deps);
  addFileRoutes(app, deps);
  addFleetRoutes(app, deps);
  addDecisionRoutes(app, deps);
  addMetricsRoute(app, deps);
  addNodeRoutes(app, deps);
  addPullRoutes(app, deps);
  addMemoryRoutes(app, deps);
  addEntryRoutes(app, deps);
  addTransferRoutes(app, deps);
  app.doc31('/openapi.json', { openapi: '3.1.0', info: { title: 'Hydra', version: deps.version } });
  refuseOtherMethods(app);
  return app;
}

function addGuards(app: OpenAPIHono, { settings }: ApiDeps): void {
  // First of all: what these refuse must not reach anything else.
  app.use(checkHost(listAllowedHosts(settings.host, settings.allowedHosts)), checkOrigin());
  app.use(
    secureHeaders({
      // The API shows nothing: whatever a browser renders of it may load and run nothing.
      contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"], sandbox: [] },
    }),
  );
  app.use(async (context, next) => {
    await next();
    context.header('Cache-Control', 'no-store');
  });
  const tooLarge = () => {
    throw new HTTPException(413, { message: `The body is larger than ${settings.maxBodyBytes} bytes.` });
  };
  // What is taken in line by line is never held as a whole.
  app.use(except(IMPORT_PATH, bodyLimit({ maxSize: settings.maxBodyBytes, onError: tooLarge })));
  for (const path of ['/generate', '/nodes']) app.post(path, requireJson());
  app.post('/models/pull', requireJson());
}

/** What a value that breaks its schema is answered with: every field, rule and value in one report. */
function createRuleCheck(deps: ApiDeps): Hook<unknown, Env, string, void> {
  const shape = createGenerateBodySchema(deps.settings).shape;
  const bodyFields = [...Object.keys(shape), ...Object.keys(shape.limits.unwrap().shape)];
  const pullFields = Object.keys(pullBodySchema.shape);
  return (result, context) => {
    if (result.success) return;
    const input = 'data' in result ? result.data : undefined;
    const fields = context.req.path === '/models/pull' ? pullFields : bodyFields;
    throw rejectRequest(describeIssues(result.error.issues, input, fields));
  };
}
