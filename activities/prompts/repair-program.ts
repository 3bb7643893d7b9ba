import type { ChatMessage } from '../../models/language-model.ts';
import type { Program } from '../../domain/program.ts';
import { describeFiles, fence } from './shared-text.ts';

/** Continues the conversation that asked for the code: here is what you wrote, here is what happened when it ran. */
export function repairProgramPrompt(
  asked: readonly ChatMessage[],
  program: Program,
  evidence: string,
): readonly ChatMessage[] {
  return [
    ...asked,
    { role: 'assistant', content: describeFiles(program.files) },
    {
      role: 'user',
      content: `This was run, and it is not right yet:\n${fence(evidence)}\n\nAnswer with the corrected, complete files, and change nothing that works.`,
    },
  ];
}
