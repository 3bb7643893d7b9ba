import type { Gap } from './gap.ts';
import { definitionOf } from './python-outline.ts';
import { childInField, childOfType, namedChildren, walkSyntax, type SyntaxNode } from './syntax.ts';

/** Functions of these names are meant to do nothing. */
const DOES_NOTHING =
  /^_*(?:noop|no_op|nop|do_nothing|ignore|dummy|null|pass_through)\w*$|^_+$|^__(?:init|post_init|init_subclass|a?enter|a?exit|del)__$|^on_\w+$|^visit_\w+$/;
/** Words of a docstring or message that leave the work to a subclass on purpose. */
const LEFT_TO_SUBCLASS =
  /subclass|override|overrid|abstract|derived class|child class|hook|no-op|do(?:es)? nothing|interface/i;
const ABSTRACT_BASE = /\b(?:Protocol|ABC|ABCMeta|Exception|Error|Enum|TypedDict)\b/;
const STUB_DECORATOR = /@(?:\w+\.)?(?:abstract\w*|overload)\b/;

/** Function bodies and `...` statements that stand for code left out. */
export function findPythonGaps(root: SyntaxNode): readonly Gap[] {
  const nodes = [...walkSyntax(root)];
  const extended = new Set(nodes.flatMap(baseNames));
  const functions = nodes.filter((node) => node.type === 'function_definition');
  const bodies = functions.flatMap((node) => emptyBody(node, extended));
  const ellipses = nodes.filter(isElidingEllipsis).map((node) => ({ node, reason: '"..." stands where code belongs' }));
  return [...bodies, ...ellipses];
}

function baseNames(node: SyntaxNode): readonly string[] {
  const bases = node.type === 'class_definition' ? childInField(node, 'superclasses') : undefined;
  return bases === undefined ? [] : namedChildren(bases).map((base) => base.text.replace(/\[.*$/s, ''));
}

function emptyBody(definition: SyntaxNode, extended: ReadonlySet<string>): readonly Gap[] {
  const name = childInField(definition, 'name')?.text ?? '';
  const emptiness = emptinessOf(definition);
  if (emptiness === undefined || DOES_NOTHING.test(name) || isMeantToBeEmpty(definition, extended)) return [];
  return [{ node: definition, reason: `the body of "${name}" is only ${emptiness}` }];
}

function emptinessOf(definition: SyntaxNode): string | undefined {
  const body = childInField(definition, 'body');
  const statements = (body === undefined ? [] : namedChildren(body)).filter(
    (each, index) => index > 0 || !isDocstring(each),
  );
  const [only, ...more] = statements;
  if (only === undefined) return 'a docstring';
  if (more.length > 0) return undefined;
  if (only.type === 'pass_statement') return '"pass"';
  if (isEllipsis(only)) return '"..."';
  return only.type === 'raise_statement' && /\bNotImplementedError\b/.test(only.text)
    ? 'NotImplementedError'
    : undefined;
}

function isDocstring(statement: SyntaxNode): boolean {
  return (
    statement.type === 'expression_statement' && childOfType(statement, 'string', 'concatenated_string') !== undefined
  );
}

function isEllipsis(statement: SyntaxNode): boolean {
  return statement.type === 'expression_statement' && statement.text === '...';
}

function isMeantToBeEmpty(definition: SyntaxNode, extended: ReadonlySet<string>): boolean {
  const decorated = definition.parent?.type === 'decorated_definition' ? definition.parent : definition;
  if (STUB_DECORATOR.test(decorated.text.slice(0, definition.start - decorated.start))) return true;
  if (LEFT_TO_SUBCLASS.test(childInField(definition, 'body')?.text ?? '')) return true;
  const owner = decorated.parent?.parent;
  if (owner?.type !== 'class_definition') return false;
  const ownName = childInField(owner, 'name')?.text ?? '';
  return extended.has(ownName) || ABSTRACT_BASE.test(childInField(owner, 'superclasses')?.text ?? '');
}

/** True for `...` beside other statements; alone in a body it is counted with its function or class. */
function isElidingEllipsis(node: SyntaxNode): boolean {
  if (!isEllipsis(node) || node.parent === null) return false;
  if (node.parent.type === 'module') return true;
  const siblings = namedChildren(node.parent).filter((each, index) => index > 0 || !isDocstring(each));
  if (siblings.length > 1) return definitionOf(node.parent.parent ?? node)?.type !== 'class_definition';
  return ['if_statement', 'elif_clause', 'else_clause', 'for_statement', 'while_statement', 'with_statement'].includes(
    node.parent.parent?.type ?? '',
  );
}
