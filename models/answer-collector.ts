import { SynthesisFailure } from '../domain/failure.ts';
import { createRepetitionDetector } from './repetition-detector.ts';
import { createThinkingSplitter, divideAtLoneClosing } from './thinking-splitter.ts';
import type { DividedText, ThinkingSplitter } from './thinking-splitter.ts';

/**
 * No answer is longer: 128k tokens of four characters. It also keeps a failure that carries the text below the 2 MB that
 * Temporal takes.
 */
const MAX_CHARACTERS = 512 * 1024;

/** Gathers one answer from the pieces of a stream. */
export interface AnswerCollector {
  /** Takes a piece of content and of separate thinking; returns what is new in the answer. */
  add(content: string, thinking: string): string;
  /** Ends the stream; returns what is still new in the answer. */
  finish(): string;
  /** The answer so far, resumed text included. */
  text(): string;
  /** The whole answer, divided for the last time. */
  result(): DividedText;
}

/**
 * Starts with `resumeText`, which has been thought through already.
 * Errors: ModelOutputInvalid for a model that repeats itself for ever or never stops; `details.partialText` has the text so far.
 */
export function createAnswerCollector(resumeText: string): AnswerCollector {
  const splitter = resumeText === '' ? createThinkingSplitter() : passThrough;
  const textRepeats = createRepetitionDetector();
  const thinkingRepeats = createRepetitionDetector();
  let text = resumeText;
  let thinking = '';

  function accept(divided: DividedText): string {
    text += divided.text;
    thinking += divided.thinking;
    const loops = [textRepeats(divided.text), thinkingRepeats(divided.thinking)].includes(true);
    if (loops) throw invalidOutput('The model repeats itself', 'repetition', text);
    if (text.length + thinking.length > MAX_CHARACTERS) throw invalidOutput('The answer has no end', 'length', text);
    return divided.text;
  }

  return {
    add(content, separateThinking) {
      const divided = content === '' ? { text: '', thinking: '' } : splitter.add(content);
      return accept({ text: divided.text, thinking: separateThinking + divided.thinking });
    },
    finish: () => accept(splitter.finish()),
    text: () => text,
    result() {
      const divided = resumeText === '' ? divideAtLoneClosing(text) : { text, thinking: '' };
      return { text: divided.text, thinking: thinking + divided.thinking };
    },
  };
}

const passThrough: ThinkingSplitter = {
  add: (piece) => ({ text: piece, thinking: '' }),
  finish: () => ({ text: '', thinking: '' }),
};

function invalidOutput(message: string, reason: string, text: string): SynthesisFailure {
  return new SynthesisFailure('ModelOutputInvalid', `${message}.`, {
    reason,
    partialText: text.slice(0, MAX_CHARACTERS),
  });
}
