/** A piece of a stream, divided into what the model thinks and what it answers. */
export interface DividedText {
  readonly text: string;
  readonly thinking: string;
}

/** Divides a stream of text at `<think>` tags, which may be split over pieces. */
export interface ThinkingSplitter {
  add(piece: string): DividedText;
  /** What was held back because it might have become a tag. */
  finish(): DividedText;
}

const OPENING = '<think>';
const CLOSING = '</think>';
/** A model that begins with more blanks than this will write nothing else; they are passed on to be noticed. */
const MAX_LEADING_BLANKS = 256;

/**
 * A block of thinking stands at the start of an answer; a tag in the middle of one belongs to the answer (a program may
 * well contain it).
 */
export function createThinkingSplitter(): ThinkingSplitter {
  let place: 'start' | 'thinking' | 'answer' = 'start';
  let held = '';
  /** Blanks between thinking and answer belong to neither. */
  let hasThought = false;

  function takeStart(): DividedText | null {
    const rest = held.trimStart();
    if (rest.startsWith(OPENING)) {
      held = rest.slice(OPENING.length);
      place = 'thinking';
      return { text: '', thinking: '' };
    }
    if (OPENING.startsWith(rest) && held.length <= MAX_LEADING_BLANKS) return null;
    if (hasThought) held = rest;
    place = 'answer';
    return { text: '', thinking: '' };
  }

  function takeThinking(): DividedText | null {
    const end = held.indexOf(CLOSING);
    if (end >= 0) {
      const thinking = held.slice(0, end);
      held = held.slice(end + CLOSING.length);
      hasThought = true;
      place = 'start';
      return { text: '', thinking };
    }
    const keep = overlap(held, CLOSING);
    const thinking = held.slice(0, held.length - keep);
    held = held.slice(held.length - keep);
    return thinking === '' ? null : { text: '', thinking };
  }

  function takeAnswer(): DividedText | null {
    if (held === '') return null;
    const text = held;
    held = '';
    return { text, thinking: '' };
  }

  const take = { start: takeStart, thinking: takeThinking, answer: takeAnswer };
  function drain(): DividedText {
    let text = '';
    let thinking = '';
    for (let part = take[place](); part !== null; part = take[place]()) {
      text += part.text;
      thinking += part.thinking;
    }
    return { text, thinking };
  }

  return {
    add(piece) {
      held += piece;
      return drain();
    },
    finish() {
      const rest = hasThought && place === 'start' ? held.trimStart() : held;
      held = '';
      return place === 'thinking' ? { text: '', thinking: rest } : { text: rest, thinking: '' };
    },
  };
}

/**
 * Some chat templates open the block themselves, so that the answer has only its end. Everything before it is thinking,
 * unless code came first: then the tag belongs to the answer.
 */
export function divideAtLoneClosing(text: string): DividedText {
  const end = text.indexOf(CLOSING);
  const before = text.slice(0, Math.max(end, 0));
  if (end < 0 || before.includes(OPENING) || before.includes('```')) return { text, thinking: '' };
  return { text: text.slice(end + CLOSING.length).trimStart(), thinking: before };
}

/** How many characters at the end of `text` may be the beginning of `tag`. */
function overlap(text: string, tag: string): number {
  for (let length = Math.min(text.length, tag.length - 1); length > 0; length -= 1) {
    if (tag.startsWith(text.slice(-length))) return length;
  }
  return 0;
}
