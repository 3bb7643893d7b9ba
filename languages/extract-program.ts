import type { Language } from '../domain/language.ts';
import type { Program } from '../domain/program.ts';
import { chooseContent, isInLanguage } from './choose-block.ts';
import { cleanAnswer } from './clean-answer.ts';
import { readCodeBlock, type CodeBlock } from './code-block.ts';
import { collectFiles } from './collect-files.ts';
import type { ExtractionRequest } from './extraction-request.ts';
import { languageByName } from './file-language.ts';
import { findFencedBlocks } from './fences.ts';
import { parseSource } from './parse.ts';
import { findUnfencedCode } from './unfenced-code.ts';
export type { ExtractionRequest } from './extraction-request.ts';

/** The program of an answer; `notes` say what had to be guessed or left out. */
export type Extraction =
  | { readonly ok: true; readonly program: Program; readonly notes: readonly string[] }
  | { readonly ok: false; readonly problem: string };

/** Finds the program in a model's answer, however it is wrapped. Never throws; paths are always safe. */
export async function extractProgram(answerText: string, request: ExtractionRequest): Promise<Extraction> {
  const text = cleanAnswer(answerText);
  if (text.trim() === '') {
    const problem =
      answerText.trim() === '' ? 'The answer is empty.' : 'The answer holds only thinking and no program.';
    return { ok: false, problem };
  }
  const fenced = await findFencedBlocks(text, (content, info) => isWholeIn(request.language, content, info));
  if (fenced.length === 0) return extractUnfenced(text, request);
  const blocks = await Promise.all(fenced.map((block) => readCodeBlock(block, request.language)));
  const notes = fenced.at(-1)?.closed === false ? ['the last code block was not closed'] : [];
  return extractBlocks(blocks, request, notes);
}

async function isWholeIn(language: Language, content: string, info: string): Promise<boolean> {
  const tagged = languageByName(/^[\w+#-]+/.exec(info)?.[0] ?? '');
  // Text, JSON and shell transcripts have no grammar here: their first end is the right one.
  if (tagged === undefined && info !== '') return true;
  return content.trim() === '' || (await parseSource(tagged ?? language, content)).length === 0;
}

async function extractUnfenced(text: string, request: ExtractionRequest): Promise<Extraction> {
  const code = await findUnfencedCode(text, request.language);
  if (code === undefined) return { ok: false, problem: 'The answer contains no code.' };
  return singleFile(code, request, ['the code was not fenced']);
}

function singleFile(content: string, request: ExtractionRequest, notes: readonly string[]): Extraction {
  const { language, mainFile } = request;
  return { ok: true, program: { language, mainFile, files: [{ path: mainFile, content }] }, notes };
}

function extractBlocks(
  blocks: readonly CodeBlock[],
  request: ExtractionRequest,
  notesBefore: readonly string[],
): Extraction {
  const unsafe = blocks.flatMap(({ unsafePath }) => (unsafePath === undefined ? [] : [unsafePath]));
  const notes = [
    ...notesBefore,
    ...unsafe.map((path) => `the file name ${JSON.stringify(path)} is not safe and was ignored`),
  ];
  const collected = collectFiles(blocks, request);
  if (collected !== undefined) {
    return { ok: true, program: collected.program, notes: [...notes, ...collected.notes] };
  }
  const choice = chooseContent(blocks, request.language);
  if (choice !== undefined) return singleFile(choice.content, request, [...notes, ...choice.notes]);
  return { ok: false, problem: whyNothingFits(blocks, request.language) };
}

function whyNothingFits(blocks: readonly CodeBlock[], language: Language): string {
  const others = blocks.filter((block) => !isInLanguage(block, language)).map((block) => block.statedLanguage);
  const other = others.find((name) => name !== undefined && name !== language);
  if (other === undefined) return `The answer has no code block in ${language}.`;
  return `The answer is written in ${other} instead of ${language}.`;
}
