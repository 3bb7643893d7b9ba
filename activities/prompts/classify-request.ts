import { z } from 'zod';
import { REQUEST_KINDS } from '../../domain/classification.ts';
import { RUNNABLE_LANGUAGES } from '../../domain/language.ts';
import type { SynthesisRequest } from '../../domain/request.ts';
import type { ChatMessage } from '../../models/language-model.ts';
import { describeMaterial, fence } from './shared-text.ts';

/** What the light model is asked to tell. Small and flat: small models fill nested schemas badly. */
export const classificationAnswer = z.object({
  kind: z.enum(REQUEST_KINDS),
  language: z.enum(RUNNABLE_LANGUAGES),
  entry_points: z.array(z.string().min(1).max(80)).max(8),
  needs_network: z.boolean(),
  needs_files: z.boolean(),
  needs_gui: z.boolean(),
  packages: z.array(z.string().min(1).max(80)).max(10),
  complexity: z.enum(['simple', 'moderate', 'complex']),
});
export type ClassificationAnswer = z.infer<typeof classificationAnswer>;

/** `offered` is what memory has of similar work, already fenced. */
export function classifyRequestPrompt(request: SynthesisRequest, offered = ''): readonly ChatMessage[] {
  return [
    {
      role: 'system',
      content: [
        'You sort requests for code. Answer in JSON.',
        'kind: function (one function), script (a program that is run), module (several functions or a class), multi_file (plainly several files), edit (change given code), question.',
        'language: the one asked for; python when none is named.',
        'entry_points: the names of the functions or classes that the finished code must define.',
        'complexity: simple (one function), moderate (a few functions), complex (several modules).',
      ].join('\n'),
    },
    { role: 'user', content: [fence(request.prompt), describeMaterial(request), offered].filter(Boolean).join('\n\n') },
  ];
}
