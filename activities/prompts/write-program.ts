import type { ChatMessage } from '../../models/language-model.ts';
import type { Classification } from '../../domain/classification.ts';
import type { SynthesisRequest } from '../../domain/request.ts';
import { describeExamples, describeMaterial, FILE_FORM, LANGUAGE_NAMES } from './shared-text.ts';

/**
 * Asks for the whole program. The code comes as fenced whole files: code inside JSON makes models write worse code.
 * `offered` is what memory has of similar work, already fenced; the request's own examples and names come after it.
 */
export function writeProgramPrompt(
  request: SynthesisRequest,
  classification: Classification,
  offered = '',
): readonly ChatMessage[] {
  const language = LANGUAGE_NAMES[classification.language];
  const names = classification.entryPoints.map((name) => `\`${name}\``).join(', ');
  const user = [
    request.prompt,
    describeMaterial(request),
    offered,
    describeExamples(classification.examples),
    names ? `The program must define these names, spelled exactly so: ${names}.` : '',
    `Write it in ${language}. The main file is \`${classification.mainFile}\`.`,
  ];
  return [
    { role: 'system', content: `You are an expert ${language} programmer. ${FILE_FORM}` },
    { role: 'user', content: user.filter(Boolean).join('\n\n') },
  ];
}
