import { walkSyntax, type SyntaxNode } from './syntax.ts';

const ELIDED_THING =
  '(?:code|implementation|logic|functions?|methods?|class(?:es)?|program|module|file|script|body|imports?)';

/** Comments that stand for code which is not there. Each matches the whole comment, so that explanations pass. */
const ELISIONS: readonly RegExp[] = [
  /^(?:\.{3,}|…)$/,
  new RegExp(
    `^(?:\\.{3,}|…)\\s*\\(?(?:the\\s+)?(?:rest|existing|remaining|other|same|previous|original|more)\\b.*$`,
    'i',
  ),
  new RegExp(`^.*\\b${ELIDED_THING}\\b.*(?:\\.{3}|…)$`, 'i'),
  new RegExp(`^(?:the\\s+)?(?:rest|remainder) of (?:the |your |this )?(?:\\w+ )?${ELIDED_THING}\\b.{0,60}$`, 'i'),
  new RegExp(
    `^(?:the\\s+)?(?:existing|previous|remaining|other|original) ${ELIDED_THING}(?: (?:here|unchanged|omitted|goes here|as before|remains?.{0,30}))?\\.?$`,
    'i',
  ),
  new RegExp(
    `^.{0,40}\\b(?:your|add|insert|put|write|implement|fill in)\\b.{0,40}\\b${ELIDED_THING}\\b.{0,30}\\bhere\\b.{0,10}$`,
    'i',
  ),
  /^.{0,30}\b(?:implementation|code|logic)\s+(?:goes|comes|will go)\s+here\b.{0,10}$/i,
  /^.{0,30}\b(?:implementation|code|body|details?)\s+(?:is |are )?(?:omitted|left out|unchanged|remains? (?:the same|unchanged))\b.{0,40}$/i,
  /^.{0,60}\bomitted for brevity\b.{0,20}$/i,
  /^\W*(?:TODO|FIXME|XXX)\b.{0,40}\b(?:implement|complete|finish|fill in|write (?:the|this|code))/i,
  /^\W*(?:implement (?:me|this|this (?:function|method)|the (?:function|method|logic|rest)(?: here)?))\.?$/i,
  /^\W*(?:TODO|FIXME)\W*$/i,
  /^.{0,20}\bplaceholder (?:implementation|logic|code|body)\b.{0,40}$/i,
];

/** Longer lines explain something; they would also make the patterns slow. */
const MAX_LINE_LENGTH = 200;

/** Comments of any language that stand for code left out. */
export function findElisionComments(root: SyntaxNode): readonly SyntaxNode[] {
  return [...walkSyntax(root)].filter(
    (node) => /comment/.test(node.type) && node.children.length === 0 && isElision(node),
  );
}

function isElision(comment: SyntaxNode): boolean {
  const lines = comment.text
    .split('\n')
    .map((line) =>
      line
        .replace(/^\s*(?:\/\/+|\/\*+|\*+(?!\/)|#+|--+)?\s*/, '')
        .replace(/\s*\*+\/\s*$/, '')
        .trim(),
    )
    .map((line) => line.replace(/^[{[(<]\s*|\s*[}\])>]$/g, '').trim());
  return lines.some((line) => line.length <= MAX_LINE_LENGTH && ELISIONS.some((pattern) => pattern.test(line)));
}
