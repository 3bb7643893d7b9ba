import { z } from 'zod';
import type { Classification } from '../../domain/classification.ts';
import type { PlanPart } from '../../domain/plan.ts';
import type { SynthesisRequest } from '../../domain/request.ts';
import type { ChatMessage } from '../../models/language-model.ts';
import { fence, LANGUAGE_NAMES } from './shared-text.ts';

/** Calls to compare candidates by. The expected values only score: small models get too many of them wrong for a gate. */
export const callsAnswer = z.object({
  calls: z.array(z.object({ call: z.string().min(3).max(300), expected: z.string().min(1).max(500) })).max(8),
});

export function proposeCallsPrompt(
  request: SynthesisRequest,
  classification: Classification,
  part: PlanPart | null,
): readonly ChatMessage[] {
  const language = LANGUAGE_NAMES[classification.language];
  const names = part ? part.provides.map((symbol) => symbol.signature) : classification.entryPoints;
  return [
    {
      role: 'system',
      content: `You write test calls for ${language} code that does not exist yet. Answer in JSON: up to 8 calls, each one ${language} expression such as f(1), with the ${language} expression of its result. Use ordinary and edge cases, only literals as arguments.`,
    },
    {
      role: 'user',
      content: `${fence(request.prompt)}\n\nThe code defines: ${names.join(', ') || 'what the request names'}.`,
    },
  ];
}
