import { createRoute, z } from '@hono/zod-openapi';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { HTTPException } from 'hono/http-exception';
import { streamSSE } from 'hono/streaming';
import type { SSEStreamingApi } from 'hono/streaming';
import { isTerminal } from '../domain/run.ts';
import type { RunRecord } from '../domain/run.ts';
import type { ApiDeps } from './api-deps.ts';
import { readEvents } from './event-stream.ts';
import { problemContent } from './problem.ts';
import { requireRun, runParams } from './run-params.ts';
import { waitForRun } from './wait-for-run.ts';
import { runEventSchema, toWireEvent } from './wire-event.ts';

// Proxies close connections that are silent for 30 to 60 s.
const HEARTBEAT_MS = 15_000;
// How long a browser waits before it reconnects.
const RETRY_MS = 2_000;

const eventsRoute = createRoute({
  method: 'get',
  path: '/runs/{id}/events',
  summary: 'What happens in a run, live',
  description:
    'Server-sent events from the first one on, or from after `Last-Event-ID` or `?after=`. Each event has the type of its data ' +
    '(RunEvent) as name and its sequence as id; `event: end` follows the last one.',
  request: {
    params: runParams,
    query: z.object({ after: z.string().optional() }),
    headers: z.object({ 'last-event-id': z.string().optional() }),
  },
  responses: {
    200: {
      description: 'Server-sent events; the data of each is one of these objects.',
      content: { 'text/event-stream': { schema: runEventSchema } },
    },
    204: { description: 'The run has finished and there is nothing left to send.' },
    400: { description: 'Last-Event-ID or after is no sequence of this run.', content: problemContent },
    404: { description: 'No run has this ID.', content: problemContent },
  },
});

/** `GET /runs/{id}/events`. */
export function addEventRoutes(app: OpenAPIHono, deps: ApiDeps): void {
  app.openapi(eventsRoute, async (context) => {
    const run = await requireRun(deps.memory.runs, context.req.valid('param').id);
    const sent = context.req.valid('header')['last-event-id'] ?? context.req.valid('query').after;
    const after = await readPosition(deps, run, sent);
    if (sent !== undefined && isTerminal(run.status) && (await hasNothingAfter(deps, run, after))) {
      return context.body(null, 204);
    }
    context.header('X-Accel-Buffering', 'no');
    return streamSSE(
      context,
      (stream) => sendEvents(deps, run, after, stream),
      async (error) => deps.reportError(error),
    );
  });
}

/** Zero without a position. A position that the run has not reached comes from another run or another database. */
async function readPosition(deps: ApiDeps, run: RunRecord, sent: string | undefined): Promise<number> {
  if (sent === undefined || sent === '0') return 0;
  const position = /^[1-9]\d{0,14}$/.test(sent) ? Number(sent) : undefined;
  const found = position === undefined ? [] : await deps.memory.events.read(run.id, position - 1, 1);
  if (position === undefined || found[0]?.sequence !== position) {
    throw new HTTPException(400, {
      message: `Last-Event-ID or after must be the sequence of an event of this run; seen: "${sent.slice(0, 40)}".`,
    });
  }
  return position;
}

async function hasNothingAfter(deps: ApiDeps, run: RunRecord, after: number): Promise<boolean> {
  return (await deps.memory.events.read(run.id, after, 1)).length === 0;
}

async function sendEvents(deps: ApiDeps, run: RunRecord, after: number, stream: SSEStreamingApi): Promise<void> {
  const noMore = new AbortController();
  const end = () => noMore.abort();
  const isCutOff = () => stream.aborted || deps.stopping?.aborted === true;
  stream.onAbort(end);
  deps.stopping?.addEventListener('abort', end, { once: true });
  const heartbeat = setInterval(() => void beat(deps, run, stream, end), deps.heartbeatMs ?? HEARTBEAT_MS);
  try {
    if (isCutOff()) end();
    await stream.write(`retry: ${RETRY_MS}\n\n`);
    for await (const event of readEvents(deps.memory.events, run.id, after, noMore.signal)) {
      if (isCutOff()) return;
      await stream.writeSSE({
        id: String(event.sequence),
        event: event.body.type,
        data: JSON.stringify(toWireEvent(event)),
      });
    }
    if (!isCutOff()) await sendEnd(deps, run, stream);
  } finally {
    clearInterval(heartbeat);
    deps.stopping?.removeEventListener('abort', end);
    end();
  }
}

/** A sign of life. It also ends the stream of a run whose last event was lost with the process that would have written it. */
async function beat(deps: ApiDeps, run: RunRecord, stream: SSEStreamingApi, end: () => void): Promise<void> {
  try {
    await stream.write(': still here\n\n');
    const current = await deps.memory.runs.find(run.id);
    if (current === undefined || isTerminal(current.status)) end();
  } catch (error) {
    deps.reportError(error);
  }
}

// The row follows the last event within one activity; longer only when a process died in between.
const SETTLE_MS = 5_000;

/** Tells that the run has its final status. Without it, after a fault, the reader reconnects and asks again. */
async function sendEnd(deps: ApiDeps, run: RunRecord, stream: SSEStreamingApi): Promise<void> {
  const settled = await waitForRun(deps.memory.runs, run.id, SETTLE_MS, new AbortController().signal);
  if (settled !== undefined) await stream.writeSSE({ event: 'end', data: JSON.stringify({ status: settled.status }) });
}
