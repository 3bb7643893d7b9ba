import { z } from '@hono/zod-openapi';
import type { RunEvent, RunEventBody } from '../domain/run-event.ts';
import { PHASES, RUN_STATUSES } from '../domain/run.ts';

const bodySchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('phase.started'), phase: z.enum(PHASES), note: z.string() }),
  z.object({ type: z.literal('part.changed'), title: z.string(), doing: z.string(), done: z.boolean() }),
  z.object({
    type: z.literal('model.started'),
    role: z.string(),
    model: z.string(),
    node: z.string(),
    why: z.string(),
  }),
  z.object({ type: z.literal('model.waiting'), model: z.string(), reason: z.string() }),
  z.object({ type: z.literal('text.delta'), text: z.string() }),
  z.object({ type: z.literal('model.finished'), completion_tokens: z.int(), duration_ms: z.number() }),
  z.object({ type: z.literal('model.rerouted'), node: z.string(), reason: z.string() }),
  z.object({ type: z.literal('candidate.verified'), outcome: z.enum(['accepted', 'rejected']), summary: z.string() }),
  z.object({ type: z.literal('run.finished'), status: z.enum(RUN_STATUSES), summary: z.string() }),
]);

const scopeSchema = z.object({
  sequence: z.int(),
  at: z.string(),
  part: z.string().nullable(),
  step: z.string().nullable(),
  attempt: z.int().openapi({ description: 'A higher attempt of the same step replaces the text of the lower ones.' }),
});

/** The `data` of one server-sent event. */
export const runEventSchema = z.intersection(scopeSchema, bodySchema).openapi('RunEvent');

type WireEventBody = z.infer<typeof bodySchema>;
export type WireEvent = z.infer<typeof scopeSchema> & WireEventBody;

export function toWireEvent(event: RunEvent): WireEvent {
  return {
    sequence: event.sequence,
    at: event.at,
    part: event.partId,
    step: event.stepKey,
    attempt: event.attempt,
    ...toWireBody(event.body),
  };
}

function toWireBody(body: RunEventBody): WireEventBody {
  switch (body.type) {
    case 'model.started':
      return { type: body.type, role: body.role, model: body.model, node: body.nodeId, why: body.why };
    case 'model.finished':
      return { type: body.type, completion_tokens: body.completionTokens, duration_ms: body.durationMs };
    case 'model.rerouted':
      return { type: body.type, node: body.nodeId, reason: body.reason };
    case 'phase.started':
    case 'part.changed':
    case 'model.waiting':
    case 'text.delta':
    case 'candidate.verified':
    case 'run.finished':
      return { ...body };
    default:
      return body satisfies never;
  }
}
