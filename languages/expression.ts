import type { RunnableLanguage } from '../domain/language.ts';
import { rulesFor } from './rules-for.ts';
import { hasErrors, namedChildren, readSyntax, walkSyntax, type SyntaxNode } from './syntax.ts';

/** A text that is one expression. Shape: `node` offsets minus `offset` are positions in `text`. */
export interface Expression {
  readonly text: string;
  readonly node: SyntaxNode;
  readonly offset: number;
}

/** Longer ones are data, not examples. */
const MAX_LENGTH = 5_000;
const NOT_VALUES = new Set([
  'assignment',
  'assignment_expression',
  'augmented_assignment',
  'augmented_assignment_expression',
  'named_expression',
  'sequence_expression',
  'update_expression',
  'yield',
  'yield_expression',
]);
/** Nodes that bind names for the expression around them. */
const BINDERS = new Set(['lambda_parameters', 'formal_parameters', 'for_in_clause', 'arrow_function']);

/** Reads `text` as exactly one expression that is a value and changes nothing; undefined when it is anything else. */
export async function parseExpression(language: RunnableLanguage, text: string): Promise<Expression | undefined> {
  if (text.length > MAX_LENGTH) return undefined;
  const expression = await readExpression(language, text);
  const isValue = expression && ![...walkSyntax(expression.node)].some((each) => NOT_VALUES.has(each.type));
  return isValue ? expression : undefined;
}

/** Reads `text` as exactly one expression of the language; undefined when it is anything else. */
export async function readExpression(language: RunnableLanguage, text: string): Promise<Expression | undefined> {
  if (text.trim() === '') return undefined;
  const wrapped = language !== 'python';
  // A JavaScript object at the start of a statement would read as a block.
  const root = await readSyntax(language, wrapped ? `(${text}\n)` : text);
  if (hasErrors(root) || namedChildren(root).length !== 1) return undefined;
  const node = expressionOf(namedChildren(root)[0], wrapped);
  // Python's grammar has assignments where expressions stand.
  if (node === undefined || NOT_VALUES.has(node.type)) return undefined;
  return { text, node, offset: wrapped ? 1 : 0 };
}

function expressionOf(statement: SyntaxNode | undefined, wrapped: boolean): SyntaxNode | undefined {
  if (statement?.type !== 'expression_statement' || namedChildren(statement).length !== 1) return undefined;
  const outer = namedChildren(statement)[0];
  if (!wrapped) return outer;
  if (outer?.type !== 'parenthesized_expression' || namedChildren(outer).length !== 1) return undefined;
  return namedChildren(outer)[0];
}

/** Constants of the other language that prompts use by habit. `None` has no certain counterpart and is left alone. */
const FOREIGN_CONSTANTS: Readonly<Record<RunnableLanguage, Readonly<Record<string, string>>>> = {
  python: { true: 'True', false: 'False', null: 'None' },
  typescript: { True: 'true', False: 'false' },
  javascript: { True: 'true', False: 'false' },
};

/** The text of the expression with constants as the language spells them. */
export function withOwnConstants(language: RunnableLanguage, { text, node, offset }: Expression): string {
  const constants = FOREIGN_CONSTANTS[language];
  const foreign = [...walkSyntax(node)].filter(
    (each) => each.type === 'identifier' && !isLabel(each) && Object.hasOwn(constants, each.text),
  );
  return foreign.reduceRight((result, each) => {
    const from = each.start - offset;
    return `${result.slice(0, from)}${constants[each.text] ?? each.text}${result.slice(from + each.text.length)}`;
  }, text);
}

/** Names that the expression calls: `area` and `Circle` in `area(Circle(2))`. */
export function calledNames(node: SyntaxNode): readonly string[] {
  return [...walkSyntax(node)].filter(isCallee).map((each) => each.text);
}

function isCallee(node: SyntaxNode): boolean {
  if (node.type !== 'identifier') return false;
  if (node.field === 'function' || node.field === 'constructor') return true;
  // `Calculator.add(2, 3)` calls a class that the program provides.
  return node.field === 'object' && node.parent?.field === 'function' && /^[A-Z]/.test(node.text);
}

/** True when every name in it is called, bound inside it, or always there, and nothing in it reaches outside. */
export function isClosed(language: RunnableLanguage, node: SyntaxNode): boolean {
  const { builtins, effects } = rulesFor(language);
  const bound = boundInside(node);
  return [...walkSyntax(node)].every((each) => {
    if (each.type !== 'identifier' || isLabel(each)) return true;
    if (effects.has(each.text)) return false;
    if (isCallee(each)) return true;
    const known = builtins.has(each.text) || Object.hasOwn(FOREIGN_CONSTANTS[language], each.text);
    return known || bound.has(each.text);
  });
}

/** True for the name after a dot and for the name of a keyword argument. */
function isLabel(node: SyntaxNode): boolean {
  return node.field === 'attribute' || (node.field === 'name' && node.parent?.type === 'keyword_argument');
}

function boundInside(node: SyntaxNode): ReadonlySet<string> {
  const names = new Set<string>();
  for (const each of walkSyntax(node)) {
    if (!BINDERS.has(each.type)) continue;
    const binding = each.children.find((child) => child.field === 'left' || child.field === 'parameter') ?? each;
    if (each.type === 'arrow_function' && binding === each) continue;
    for (const leaf of walkSyntax(binding)) if (leaf.type === 'identifier') names.add(leaf.text);
  }
  return names;
}
