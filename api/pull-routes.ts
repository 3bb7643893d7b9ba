import { createRoute, z } from '@hono/zod-openapi';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { SynthesisFailure } from '../domain/failure.ts';
import type { ModelPull } from '../domain/model-pull.ts';
import type { ApiDeps } from './api-deps.ts';
import { choosePullNodes } from './choose-pull-nodes.ts';
import { problemContent } from './problem.ts';
import {
  pullAcceptedSchema,
  pullBodySchema,
  pullId,
  pullListSchema,
  pullPath,
  pullSchema,
  toWirePull,
} from './wire-pull.ts';

const pullParams = z.object({ id: z.string().openapi({ description: 'The id of the pull: the name of the model.' }) });
const pullContent = { 'application/json': { schema: pullSchema } };
const notFound = { description: 'This model was never pulled.', content: problemContent };
const away = { description: 'Temporal is away; see Retry-After.', content: problemContent };

const startRoute = createRoute({
  method: 'post',
  path: '/models/pull',
  summary: 'Bring a model to hosts',
  description:
    'Every host that is up pulls the model, or those that are named. Where the model is being pulled already, that pull ' +
    'takes on the hosts. It goes on whatever is restarted, and a host that is down is waited for.',
  request: { body: { required: true, content: { 'application/json': { schema: pullBodySchema } } } },
  responses: {
    202: { description: 'Accepted.', content: { 'application/json': { schema: pullAcceptedSchema } } },
    422: { description: 'A rule is broken; `errors` names field, rule and value.', content: problemContent },
    503: away,
  },
});

const listRoute = createRoute({
  method: 'get',
  path: '/models/pulls',
  summary: 'The last pull of each model, newest first',
  responses: {
    200: { description: 'The pulls.', content: { 'application/json': { schema: pullListSchema } } },
    503: away,
  },
});

const statusRoute = createRoute({
  method: 'get',
  path: '/models/pulls/{id}',
  summary: 'How far a pull is, host by host',
  request: { params: pullParams },
  responses: { 200: { description: 'The pull.', content: pullContent }, 404: notFound, 503: away },
});

const cancelRoute = createRoute({
  method: 'post',
  path: '/models/pulls/{id}/cancel',
  summary: 'Stop a pull; what has arrived stays on the hosts',
  request: { params: pullParams },
  responses: {
    200: { description: 'The pull had ended before.', content: pullContent },
    202: { description: 'The pull was asked to stop.', content: pullContent },
    404: notFound,
    503: away,
  },
});

/** `POST /models/pull`, `GET /models/pulls`, `GET /models/pulls/{id}`, `POST /models/pulls/{id}/cancel`. */
export function addPullRoutes(app: OpenAPIHono, deps: ApiDeps): void {
  app.openapi(startRoute, async (context) => {
    const body = context.req.valid('json');
    const nodes = choosePullNodes(body, await deps.nodes());
    const outcome = await deps.pulls.start(body.model, nodes);
    const statusUrl = pullPath(body.model);
    context.header('Location', statusUrl);
    const answer = { id: pullId(body.model), status_url: statusUrl, nodes: [...nodes], joined: outcome === 'joined' };
    return context.json(answer, 202);
  });

  app.openapi(listRoute, async (context) => {
    return context.json({ pulls: (await deps.pulls.list()).map(toWirePull) }, 200);
  });

  app.openapi(statusRoute, async (context) => {
    return context.json(toWirePull(await requirePull(deps, context.req.valid('param').id)), 200);
  });

  app.openapi(cancelRoute, async (context) => {
    const { model, status } = await requirePull(deps, context.req.valid('param').id);
    const isAsked = status === 'running' && (await deps.pulls.cancel(model));
    return context.json(toWirePull(await requirePull(deps, model)), isAsked ? 202 : 200);
  });
}

async function requirePull({ pulls }: ApiDeps, id: string): Promise<ModelPull> {
  const pull = await pulls.find(id);
  if (pull) return pull;
  throw new SynthesisFailure('PullNotFound', `No pull has the ID "${id.slice(0, 100)}".`, { id: id.slice(0, 200) });
}
