import type { Gap } from './gap.ts';
import { childInField, childOfType, namedChildren, walkSyntax, type SyntaxNode } from './syntax.ts';

/** Functions of these names are meant to do nothing. */
const DOES_NOTHING =
  /^_*(?:noop|noOp|nop|doNothing|ignore|dummy|null|on[A-Z]|visit[A-Z])\w*$|^_*(?:noop|dispose|close)$/;
const UNFINISHED = /not[ -]?(?:yet )?implemented|unimplemented|implement me|todo/i;
const LEFT_TO_SUBCLASS = /subclass|override|overrid|abstract|derived class|must implement|must be implemented/i;
const DECLARED_FUNCTIONS = new Set(['function_declaration', 'generator_function_declaration']);
const CALLABLES = new Set([...DECLARED_FUNCTIONS, 'method_definition', 'arrow_function', 'function_expression']);

/** Function bodies that are empty or only say that they are not written yet. */
export function findTypescriptGaps(root: SyntaxNode): readonly Gap[] {
  const nodes = [...walkSyntax(root)];
  const extended = new Set(nodes.flatMap(baseName));
  return nodes.filter((node) => CALLABLES.has(node.type)).flatMap((node) => emptyBody(node, extended));
}

function baseName(node: SyntaxNode): readonly string[] {
  if (node.type !== 'class_heritage') return [];
  return [...walkSyntax(node)].filter((each) => each.type === 'identifier').map((each) => each.text);
}

function emptyBody(callable: SyntaxNode, extended: ReadonlySet<string>): readonly Gap[] {
  const name = nameOf(callable);
  const body = childInField(callable, 'body');
  if (name === undefined || body?.type !== 'statement_block' || DOES_NOTHING.test(name)) return [];
  const statements = namedChildren(body);
  const owner = callable.parent?.parent;
  if (owner !== undefined && owner !== null && extended.has(childInField(owner, 'name')?.text ?? '')) return [];
  const [only] = statements;
  if (only === undefined) return isSuspiciouslyEmpty(callable) ? [gap(callable, name, 'empty')] : [];
  const unfinished = statements.length === 1 && only.type === 'throw_statement' && UNFINISHED.test(only.text);
  return unfinished && !LEFT_TO_SUBCLASS.test(body.text) ? [gap(callable, name, `only "${only.text}"`)] : [];
}

function gap(node: SyntaxNode, name: string, what: string): Gap {
  return { node, reason: `the body of "${name}" is ${what}` };
}

function nameOf(callable: SyntaxNode): string | undefined {
  const own = childInField(callable, 'name')?.text;
  if (own !== undefined) return own;
  return callable.parent?.type === 'variable_declarator' ? childInField(callable.parent, 'name')?.text : undefined;
}

/** An empty body is normal for callbacks, constructors, methods and anything that returns nothing. */
function isSuspiciouslyEmpty(callable: SyntaxNode): boolean {
  const returnType = childInField(callable, 'return_type')?.text ?? '';
  if (/\b(?:void|never|undefined)\b/.test(returnType) || callable.type === 'method_definition') {
    return returnType !== '' && !/\b(?:void|never|undefined)\b/.test(returnType);
  }
  const body = childInField(callable, 'body');
  return DECLARED_FUNCTIONS.has(callable.type) && body !== undefined && childOfType(body, 'comment') === undefined;
}
