import { createRoute, z } from '@hono/zod-openapi';
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { NodeSnapshot } from '../domain/node.ts';
import type { NodePlace, WantedState } from '../domain/node-record.ts';
import { addNode } from './add-node.ts';
import type { ApiDeps } from './api-deps.ts';
import { readNodes, requireNode, unseenNode } from './known-nodes.ts';
import { probeNode } from './probe-node.ts';
import { problemContent } from './problem.ts';
import { nodeSchema, toWireNode } from './wire-fleet.ts';
import { nodeBodySchema, probedNodeSchema, refuseBrokenBody, toAddedNode } from './wire-node.ts';

const nodeContent = { 'application/json': { schema: nodeSchema } };
const probedContent = { 'application/json': { schema: probedNodeSchema } };
const notFound = { description: 'No Ollama host has this name.', content: problemContent };
const params = z.object({ id: z.string().openapi({ description: 'Name of the host.' }) });

const nodeRoute = createRoute({
  method: 'get',
  path: '/nodes/{id}',
  summary: 'One Ollama host, as last seen',
  request: { params },
  responses: { 200: { description: 'The host.', content: nodeContent }, 404: notFound },
});

const addRoute = createRoute({
  method: 'post',
  path: '/nodes',
  summary: 'Add an Ollama host',
  description: 'It is used within a second, and kept over restarts. Tokens are named, never sent.',
  request: { body: { required: true, content: { 'application/json': { schema: nodeBodySchema } } } },
  responses: {
    201: { description: 'The host; nothing is known of it yet.', content: nodeContent },
    400: { description: 'The body is no JSON.', content: problemContent },
    409: { description: 'The name or the address belongs to another host, which is named.', content: problemContent },
    415: { description: 'The body is not declared as JSON.', content: problemContent },
    422: { description: 'A rule is broken; `errors` names field, rule and value.', content: problemContent },
  },
});

const removeRoute = createRoute({
  method: 'delete',
  path: '/nodes/{id}',
  summary: 'Remove an Ollama host',
  description:
    'Its running calls end in peace. It stays away, even while settings or discovery name it, until resumed.',
  request: { params },
  responses: { 200: { description: 'The host as it was.', content: nodeContent }, 404: notFound },
});

const drainRoute = createRoute({
  method: 'post',
  path: '/nodes/{id}/drain',
  summary: 'Give an Ollama host no new calls',
  request: { params },
  responses: { 200: { description: 'The host; its running calls go on.', content: nodeContent }, 404: notFound },
});

const resumeRoute = createRoute({
  method: 'post',
  path: '/nodes/{id}/resume',
  summary: 'Give a drained or removed Ollama host calls again',
  request: { params },
  responses: { 200: { description: 'The host.', content: nodeContent }, 404: notFound },
});

const probeRoute = createRoute({
  method: 'post',
  path: '/nodes/{id}/probe',
  summary: 'Look at an Ollama host at once',
  request: { params },
  responses: {
    200: { description: 'The host as it is now.', content: probedContent },
    202: { description: 'Nobody has looked yet: the host as it was last known.', content: probedContent },
    404: notFound,
  },
});

/** `POST /nodes`, and everything about one node. */
export function addNodeRoutes(app: OpenAPIHono, deps: ApiDeps): void {
  addReadingRoutes(app, deps);
  addSteeringRoutes(app, deps);
}

function addReadingRoutes(app: OpenAPIHono, deps: ApiDeps): void {
  app.openapi(nodeRoute, async (context) => {
    return context.json(toWireNode(await findNode(deps, context.req.valid('param').id)), 200);
  });

  app.openapi(probeRoute, async (context) => {
    const signal = AbortSignal.any([context.req.raw.signal, ...(deps.stopping ? [deps.stopping] : [])]);
    const { isFresh, node } = await probeNode(deps, context.req.valid('param').id, signal);
    return context.json({ fresh: isFresh, node: toWireNode(node) }, isFresh ? 200 : 202);
  });
}

function addSteeringRoutes(app: OpenAPIHono, deps: ApiDeps): void {
  app.openapi(
    addRoute,
    async (context) => {
      const node = toAddedNode(context.req.valid('json'));
      await addNode(deps, node);
      context.header('Location', `/nodes/${node.id}`);
      return context.json(toWireNode(await findNode(deps, node.id)), 201);
    },
    refuseBrokenBody,
  );

  app.openapi(removeRoute, async (context) => {
    const node = await findNode(deps, context.req.valid('param').id);
    await deps.memory.nodeRegistry.setWanted(node, 'removed');
    return context.json(toWireNode(node), 200);
  });

  app.openapi(drainRoute, async (context) => {
    const node = await findNode(deps, context.req.valid('param').id);
    return context.json(toWireNode(await steerNode(deps, node, 'draining')), 200);
  });

  app.openapi(resumeRoute, async (context) => {
    const { known, removed } = await readNodes(deps);
    const node = requireNode<NodePlace>([...known, ...removed], context.req.valid('param').id);
    return context.json(toWireNode(await steerNode(deps, node, 'active')), 200);
  });
}

async function findNode(deps: ApiDeps, id: string): Promise<NodeSnapshot> {
  return requireNode((await readNodes(deps)).known, id);
}

/** The node with what is now wanted of it; one that was away is not seen at once. */
async function steerNode(deps: ApiDeps, place: NodePlace, wanted: WantedState): Promise<NodeSnapshot> {
  const { nodeRegistry } = deps.memory;
  await nodeRegistry.setWanted(place, wanted);
  const { known } = await readNodes(deps);
  return (
    known.find(({ id }) => id === place.id) ?? unseenNode({ ...place, wanted, added: null }, deps.settings.nodeSlots)
  );
}
