import type { Language } from '../domain/language.ts';
import type { CodeBlock } from './code-block.ts';

/** The text of one file made of the blocks of an answer, and what was left out. */
export interface Choice {
  readonly content: string;
  readonly notes: readonly string[];
}

const ALTERNATIVE =
  /\b(?:alternativ|another (?:way|version|approach|option)|or,? if you|could also|different approach)/i;

/** True when a block can be code of the language, by tag or, without one, by its grammar. */
export function isInLanguage(block: CodeBlock, language: Language): boolean {
  const stated = block.statedLanguage;
  if (stated === language) return true;
  if (stated === undefined) return block.parses;
  // JavaScript is TypeScript without types; the other way round the grammar decides. Wrong tags happen.
  if (language === 'typescript' && stated === 'javascript') return true;
  return block.parses && block.symbols.length > 0;
}

/** Makes one file of blocks without file names. Undefined when there is none in the language. */
export function chooseContent(blocks: readonly CodeBlock[], language: Language): Choice | undefined {
  const fitting = blocks.filter((block) => isInLanguage(block, language));
  const tagged = fitting.filter((block) => block.statedLanguage === language);
  const candidates = tagged.length > 0 ? tagged : fitting;
  const defining = candidates.filter((block) => block.symbols.some(({ kind }) => kind !== 'constant') && !block.isTest);
  const usable = defining.length > 0 ? defining : candidates.filter((block) => !block.isTest);
  const chosen = chooseAmong(usable.length > 0 ? usable : candidates);
  if (chosen.length === 0) return undefined;
  const leftOut = blocks.length - chosen.length;
  const notes = [
    ...(leftOut > 0 ? [`${leftOut} code block(s) without a part of the program were left out`] : []),
    ...(chosen.length > 1 ? [`${chosen.length} code blocks that continue each other were joined`] : []),
    ...(tagged.length === 0 ? [`no block was tagged ${language}; it was recognised by its grammar`] : []),
  ];
  return { content: chosen.map((block) => block.content).join('\n\n'), notes };
}

function chooseAmong(blocks: readonly CodeBlock[]): readonly CodeBlock[] {
  const [first] = blocks;
  if (first === undefined || blocks.length === 1) return blocks;
  if (blocks.every((block) => block.symbols.length === 0)) return [longest(blocks)];
  const chosen: CodeBlock[] = [];
  for (const block of blocks) addBlock(chosen, block);
  return chosen;
}

/** A block with new names continues; one that repeats names replaces those that it fully covers, if it is no alternative. */
function addBlock(chosen: CodeBlock[], block: CodeBlock): void {
  const names = namesOf(block);
  const repeated = chosen.filter((earlier) => namesOf(earlier).some((name) => names.includes(name)));
  if (repeated.length === 0) {
    if (!ALTERNATIVE.test(block.lead)) chosen.push(block);
    return;
  }
  const coversAll = repeated.every((earlier) => namesOf(earlier).every((name) => names.includes(name)));
  if (!coversAll || ALTERNATIVE.test(block.lead) || (!block.parses && repeated.every((each) => each.parses))) return;
  for (const earlier of repeated) chosen.splice(chosen.indexOf(earlier), 1);
  chosen.push(block);
}

function namesOf(block: CodeBlock): readonly string[] {
  return block.symbols.filter(({ kind }) => kind !== 'constant').map((symbol) => symbol.name);
}

function longest(blocks: readonly CodeBlock[]): CodeBlock {
  return blocks.reduce((best, block) => (block.content.length > best.content.length ? block : best));
}
