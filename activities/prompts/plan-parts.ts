import { z } from 'zod';
import type { Classification } from '../../domain/classification.ts';
import { PART_KINDS } from '../../domain/plan.ts';
import type { SynthesisRequest } from '../../domain/request.ts';
import type { ChatMessage } from '../../models/language-model.ts';
import { describeExamples, describeMaterial, fence, LANGUAGE_NAMES } from './shared-text.ts';

const name = z.string().min(1).max(80);
const text = z.string().max(2_000);

/** The plan as the heavy model writes it: contracts, and no code. */
export const planAnswer = z.object({
  summary: text,
  files: z
    .array(z.object({ path: z.string().min(1).max(200), purpose: text }))
    .min(1)
    .max(20),
  shared_types: z.array(z.object({ name, declaration: text, doc: text, file: z.string().max(200) })).max(20),
  parts: z
    .array(
      z.object({
        id: name,
        title: z.string().min(1).max(120),
        kind: z.enum(PART_KINDS),
        file: z.string().min(1).max(200),
        provides: z
          .array(z.object({ name, signature: text, doc: text }))
          .min(1)
          .max(12),
        uses: z.array(z.object({ part: name, symbol: name })).max(20),
        requirements: z.array(text).max(12),
        examples: z.array(z.object({ call: text, expected: text })).max(12),
      }),
    )
    .min(1)
    .max(20),
  main_file: z.string().min(1).max(200),
});
export type PlanAnswer = z.infer<typeof planAnswer>;

/** `offered` is what memory has of similar work, already fenced. */
export function planPartsPrompt(
  request: SynthesisRequest,
  classification: Classification,
  attemptSummary: string | null,
  maxParts: number,
  offered = '',
): readonly ChatMessage[] {
  const language = LANGUAGE_NAMES[classification.language];
  const user = [
    fence(request.prompt),
    describeMaterial(request),
    offered,
    describeExamples(classification.examples),
    attemptSummary ? `An attempt to write it all at once failed: ${attemptSummary}` : '',
    `The main file is \`${classification.mainFile}\`.`,
  ];
  return [
    { role: 'system', content: instructions(language, maxParts) },
    { role: 'user', content: user.filter(Boolean).join('\n\n') },
  ];
}

function instructions(language: string, maxParts: number): string {
  return [
    `You divide a ${language} program into 2 to ${maxParts} parts that different programmers write at the same time without talking. Answer in JSON, without code bodies.`,
    'Each part lives in one file and provides named functions or classes. A class with shared state is one part. Each name belongs to exactly one part.',
    'signature: the full declaration line with types. doc: the shapes of the data, units, what is changed, what is returned, and which error is raised when. The others see only this text.',
    'uses: which names of which other parts it calls; no circles. One part is the entry point in the main file and joins the others.',
    'examples: calls with results that you are sure of, or none.',
  ].join('\n');
}
