import { z } from '@hono/zod-openapi';
import type { FleetDecision } from '../domain/fleet-decision.ts';

const offerSchema = z.object({
  node: z.string(),
  must_load: z.boolean(),
  wait_seconds: z.number().openapi({ description: 'Until the host has a free slot.' }),
  finish_seconds: z.number().openapi({ description: 'Predicted: until the last token, the wait included.' }),
});

const passedOverSchema = z.object({
  node: z.string(),
  reason: z.enum(['down', 'draining', 'removed', 'model_absent', 'no_memory', 'resting', 'avoided']).openapi({
    description: 'resting: its breaker is open; avoided: it failed this very call.',
  }),
});

const decisionSchema = z
  .object({
    id: z.string(),
    at: z.string(),
    workflow_id: z.string(),
    step: z.string(),
    model: z.string(),
    prompt_tokens: z.number().openapi({ description: 'Estimated.' }),
    completion_tokens: z.number().openapi({ description: 'Predicted.' }),
    waited_seconds: z.number(),
    node: z.string().openapi({ description: 'The host that was chosen.' }),
    predicted_seconds: z.number().openapi({ description: 'From the grant to the last token.' }),
    measured_seconds: z.number().nullable().openapi({ description: 'Null while the call runs.' }),
    ended: z.string().nullable().openapi({ description: 'finished, or what came between; null while the call runs.' }),
    ended_at: z.string().nullable(),
    offers: z.array(offerSchema).openapi({ description: 'The hosts that were considered, soonest first.' }),
    passed_over: z.array(passedOverSchema).openapi({ description: 'The hosts that were not, and why.' }),
  })
  .openapi('Decision');

export const decisionListSchema = z.object({ decisions: z.array(decisionSchema) }).openapi('DecisionList');

export type WireDecision = z.infer<typeof decisionSchema>;
export type WireDecisionList = z.infer<typeof decisionListSchema>;

export function toWireDecision(decision: FleetDecision): WireDecision {
  const { outcome } = decision;
  return {
    id: decision.leaseId,
    at: decision.at,
    workflow_id: decision.runId,
    step: decision.title,
    model: decision.model,
    prompt_tokens: decision.promptTokens,
    completion_tokens: decision.completionTokens,
    waited_seconds: decision.waitedSeconds,
    node: decision.nodeId,
    predicted_seconds: decision.expectedSeconds,
    measured_seconds: outcome?.seconds ?? null,
    ended: outcome?.ended ?? null,
    ended_at: outcome?.endedAt ?? null,
    offers: [...decision.offers]
      .sort((a, b) => a.finishSeconds - b.finishSeconds)
      .map((offer) => ({
        node: offer.nodeId,
        must_load: offer.mustLoad,
        wait_seconds: offer.waitSeconds,
        finish_seconds: offer.finishSeconds,
      })),
    passed_over: decision.passedOver.map(({ nodeId, reason }) => ({ node: nodeId, reason })),
  };
}
