import type { ChatMessage } from '../../models/language-model.ts';
import type { Program } from '../../domain/program.ts';
import { describeFiles, fence } from './shared-text.ts';

/**
 * Continues the conversation that asked for the code: here is what you wrote, here is what happened when it ran. `lessons` is
 * what memory has of such errors, already fenced.
 */
export function repairProgramPrompt(
  asked: readonly ChatMessage[],
  program: Program,
  evidence: string,
  lessons = '',
): readonly ChatMessage[] {
  const user = [
    `This was run, and it is not right yet:\n${fence(evidence)}`,
    lessons,
    'Answer with the corrected, complete files, and change nothing that works.',
  ];
  return [
    ...asked,
    { role: 'assistant', content: describeFiles(program.files) },
    { role: 'user', content: user.filter(Boolean).join('\n\n') },
  ];
}
