import type { ChatMessage } from '../../models/language-model.ts';
import { fence } from './shared-text.ts';

/** Shows the model its own answer with what is wrong with its form. */
export function correctAnswerPrompt(answer: string, problem: string): readonly ChatMessage[] {
  return [
    { role: 'assistant', content: answer },
    {
      role: 'user',
      content: `That answer cannot be used:\n${fence(problem)}\n\nAnswer again, complete and in the form asked for.`,
    },
  ];
}
