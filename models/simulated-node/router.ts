import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { z } from 'zod';

import { simulatedFaultSchema } from './faults.ts';
import { answerGeneration } from './generation-route.ts';
import type { NodeParts } from './generation-route.ts';
import { answerEmbed } from './model-routes.ts';
import { describeListed, describeResident, describeShown, findModel, missingModel } from './model-facts.ts';
import { answerPull } from './pull-route.ts';
import { isRefusal, readJsonBody, refuse, sendJson, sendText, textOf } from './wire.ts';
import type { JsonObject } from './wire.ts';

type Route = (parts: NodeParts, body: JsonObject, response: ServerResponse) => void | Promise<void>;

const GET_ROUTES: Readonly<Record<string, Route>> = {
  '/': (_parts, _body, response) => sendText(response, 200, 'Ollama is running'),
  '/api/version': ({ options }, _body, response) => sendJson(response, 200, { version: options.version }),
  '/api/tags': ({ models }, _body, response) => sendJson(response, 200, { models: models.map(describeListed) }),
  '/api/ps': async ({ memory }, _body, response) => {
    await memory.settled();
    sendJson(response, 200, { models: memory.residents().map(describeResident) });
  },
  '/simulated/log': ({ log }, _body, response) => sendJson(response, 200, log.snapshot()),
  '/simulated/faults': ({ faults }, _body, response) => sendJson(response, 200, { faults: faults.list() }),
};

const POST_ROUTES: Readonly<Record<string, Route>> = {
  '/api/chat': (parts, body, response) => answerGeneration(parts, 'chat', body, response),
  '/api/generate': (parts, body, response) => answerGeneration(parts, 'generate', body, response),
  '/api/embed': answerEmbed,
  '/api/pull': answerPull,
  '/api/show': answerShow,
  '/simulated/faults': addFault,
};

/** Everything that the node answers. With a token, calls without it are refused as a proxy in front of Ollama would. */
export function createRouter(parts: NodeParts, bearerToken: string | undefined): RequestListener {
  return (request, response) => {
    if (bearerToken !== undefined && request.headers.authorization !== `Bearer ${bearerToken}`) {
      refuse(response, { status: 401, error: 'unauthorized' });
      return;
    }
    route(parts, request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else refuse(response, { status: 500, error: String(error) });
    });
  };
}

async function route(parts: NodeParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = new URL(request.url ?? '/', 'http://node').pathname;
  const isQuickQuestion = path.startsWith('/api/') && request.method === 'GET';
  if (isQuickQuestion && isSilent(parts)) return;
  if (request.method === 'GET' || request.method === 'HEAD') {
    return GET_ROUTES[path] === undefined ? notFound(response) : GET_ROUTES[path](parts, {}, response);
  }
  if (request.method === 'DELETE' && path === '/simulated/faults') {
    parts.faults.clear();
    return sendJson(response, 200, { faults: [] });
  }
  const post = request.method === 'POST' ? POST_ROUTES[path] : undefined;
  if (post === undefined) return notFound(response);
  const read = await readJsonBody(request);
  if (isRefusal(read)) return refuse(response, read);
  return post(parts, read.body, response);
}

/** A black hole swallows the quick questions too, when the fault says so. */
function isSilent({ faults }: NodeParts): boolean {
  return faults.list().some((fault) => fault.kind === 'never_answer' && fault.everywhere === true);
}

function notFound(response: ServerResponse): void {
  sendText(response, 404, '404 page not found');
}

function answerShow({ models }: NodeParts, body: JsonObject, response: ServerResponse): void {
  const name = textOf(body, 'model');
  if (name === '') return refuse(response, { status: 400, error: 'model is required' });
  const model = findModel(models, name);
  if (model === undefined) return refuse(response, missingModel('/api/show', name));
  sendJson(response, 200, describeShown(model));
}

function addFault({ faults }: NodeParts, body: JsonObject, response: ServerResponse): void {
  const fault = simulatedFaultSchema.safeParse(body);
  if (!fault.success) return refuse(response, { status: 400, error: z.prettifyError(fault.error) });
  faults.add(fault.data);
  sendJson(response, 200, { faults: faults.list() });
}
