import type { Callable, DeclaredSymbol, ModuleImport, Outline, Parameter, SideEffect } from './outline.ts';
import { childInField, childOfType, namedChildren, walkSyntax, type SyntaxNode } from './syntax.ts';

/** Statements whose bodies belong to the module when they stand at its top level. */
const TRANSPARENT = new Set(['if_statement', 'try_statement', 'with_statement', 'elif_clause', 'else_clause', 'block']);
const CLAUSES = new Set(['except_clause', 'finally_clause', 'except_group_clause']);
/** Calls that reach outside the program; elsewhere an assignment at the top level is harmless. */
const OUTSIDE_CALL =
  /\b(input|print|open|exit|quit)\s*\(|\bsys\.(stdin|argv|exit)|\b(os|subprocess)\.(system|popen|run)\b/i;
const EFFECT_TYPES = new Set([
  'for_statement',
  'while_statement',
  'assert_statement',
  'print_statement',
  'delete_statement',
  'raise_statement',
  'match_statement',
  'exec_statement',
]);

/** Reads the outline of a Python module. */
export function outlinePython(root: SyntaxNode): Outline {
  const statements = [...moduleStatements(root)];
  const symbols = new Map<string, DeclaredSymbol>();
  for (const symbol of statements.flatMap(declaredSymbols)) {
    // A later definition replaces an earlier one, as Python does it.
    symbols.delete(symbol.name);
    symbols.set(symbol.name, symbol);
  }
  return {
    symbols: [...symbols.values()],
    imports: statements.flatMap(importsOf),
    sideEffects: statements.flatMap(sideEffectOf),
  };
}

function* moduleStatements(node: SyntaxNode): Generator<SyntaxNode> {
  for (const child of namedChildren(node)) {
    if (isMainGuard(child)) continue;
    if (TRANSPARENT.has(child.type) || CLAUSES.has(child.type)) yield* moduleStatements(child);
    else yield child;
  }
}

/** True for `if __name__ == "__main__":`. */
export function isMainGuard(node: SyntaxNode): boolean {
  const condition = node.type === 'if_statement' ? childInField(node, 'condition') : undefined;
  return condition !== undefined && /__name__/.test(condition.text) && /__main__/.test(condition.text);
}

/** The function or class of a statement, with or without decorators. */
export function definitionOf(statement: SyntaxNode): SyntaxNode | undefined {
  const node = statement.type === 'decorated_definition' ? childInField(statement, 'definition') : statement;
  return node?.type === 'function_definition' || node?.type === 'class_definition' ? node : undefined;
}

function declaredSymbols(statement: SyntaxNode): readonly DeclaredSymbol[] {
  const definition = definitionOf(statement);
  if (definition?.type === 'function_definition') return [functionSymbol(definition)];
  if (definition !== undefined) return [classSymbol(definition, statement)];
  return assignedNames(statement).map((name) => ({
    name,
    kind: statement.type === 'type_alias_statement' ? 'type' : 'constant',
    exported: !name.startsWith('_'),
    parameters: null,
    methods: [],
    line: statement.line,
  }));
}

/** Names that an assignment at the top level binds. */
export function assignedNames(statement: SyntaxNode): readonly string[] {
  if (statement.type === 'type_alias_statement') return identifiersIn(childInField(statement, 'left'));
  const names: string[] = [];
  let node = statement.type === 'expression_statement' ? childOfType(statement, 'assignment') : undefined;
  while (node?.type === 'assignment') {
    names.push(...targetNames(childInField(node, 'left')));
    node = childInField(node, 'right');
  }
  return names;
}

function targetNames(target: SyntaxNode | undefined): readonly string[] {
  if (target === undefined || target.type === 'attribute' || target.type === 'subscript') return [];
  return target.type === 'identifier' ? [target.text] : namedChildren(target).flatMap(targetNames);
}

function identifiersIn(node: SyntaxNode | undefined): readonly string[] {
  if (node === undefined) return [];
  return [...walkSyntax(node)]
    .filter((each) => each.type === 'identifier')
    .map((each) => each.text)
    .slice(0, 1);
}

function nameOf(definition: SyntaxNode): string {
  return childInField(definition, 'name')?.text ?? '';
}

function functionSymbol(definition: SyntaxNode): DeclaredSymbol {
  const name = nameOf(definition);
  const parameters = readParameters(childInField(definition, 'parameters'));
  return { name, kind: 'function', exported: !name.startsWith('_'), parameters, methods: [], line: definition.line };
}

function classSymbol(definition: SyntaxNode, statement: SyntaxNode): DeclaredSymbol {
  const name = nameOf(definition);
  const body = childInField(definition, 'body');
  const members = body === undefined ? [] : namedChildren(body);
  const methods = members.flatMap(methodOf);
  return {
    name,
    kind: 'class',
    exported: !name.startsWith('_'),
    parameters: constructorParameters(definition, statement, members, methods),
    methods: [...new Map(methods.map((method) => [method.name, method])).values()].filter(
      (method) => method.name !== '__init__',
    ),
    line: definition.line,
  };
}

function methodOf(member: SyntaxNode): readonly Callable[] {
  const definition = definitionOf(member);
  if (definition?.type !== 'function_definition') return [];
  const parameters = readParameters(childInField(definition, 'parameters'));
  const isStatic = member.children.some((child) => child.type === 'decorator' && /@staticmethod\b/.test(child.text));
  return [{ name: nameOf(definition), parameters: isStatic ? parameters : parameters.slice(1) }];
}

/** Null where the constructor comes from elsewhere: a base class or an unknown decorator. */
function constructorParameters(
  definition: SyntaxNode,
  statement: SyntaxNode,
  members: readonly SyntaxNode[],
  methods: readonly Callable[],
): readonly Parameter[] | null {
  const written = methods.find((method) => method.name === '__init__');
  if (written !== undefined) return written.parameters;
  const bases = childInField(definition, 'superclasses')?.text.replace(/[()\s]/g, '') ?? '';
  const decorators = statement.children.filter((child) => child.type === 'decorator').map((child) => child.text);
  const isRecord = decorators.some((text) => /@(dataclasses\.)?dataclass\b/.test(text)) && bases === '';
  if (isRecord || bases === 'NamedTuple') return members.flatMap(fieldParameter);
  return bases === '' || bases === 'object' ? (decorators.length === 0 ? [] : null) : null;
}

function fieldParameter(member: SyntaxNode): readonly Parameter[] {
  const assignment = member.type === 'expression_statement' ? childOfType(member, 'assignment') : undefined;
  const type = assignment && childInField(assignment, 'type');
  const name = assignment && childInField(assignment, 'left');
  if (assignment === undefined || type === undefined || name === undefined || /ClassVar/.test(type.text)) return [];
  const value = childInField(assignment, 'right')?.text;
  if (value !== undefined && /init\s*=\s*False/.test(value)) return [];
  const optional = value !== undefined && (!value.startsWith('field(') || /default/.test(value));
  return [{ name: name.text, type: type.text, optional, variadic: false, keywordOnly: false }];
}

function readParameters(list: SyntaxNode | undefined): readonly Parameter[] {
  const parameters: Parameter[] = [];
  let keywordOnly = false;
  for (const node of list === undefined ? [] : namedChildren(list)) {
    if (node.type === 'positional_separator') continue;
    if (node.type === 'keyword_separator') keywordOnly = true;
    else parameters.push(readParameter(node, keywordOnly));
    if (/^\*[^*]/.test(node.text)) keywordOnly = true;
  }
  return parameters;
}

function readParameter(node: SyntaxNode, keywordOnly: boolean): Parameter {
  const type = childInField(node, 'type')?.text ?? null;
  const name = (childInField(node, 'name') ?? childOfType(node, 'identifier') ?? node).text;
  const stars = /^\*+/.exec(node.text)?.[0].length ?? 0;
  const optional = stars > 0 || node.type.includes('default');
  return { name: name.replace(/^\*+/, '').split(':')[0] ?? name, type, optional, variadic: stars > 0, keywordOnly };
}

function importsOf(statement: SyntaxNode): readonly ModuleImport[] {
  if (statement.type === 'import_statement') {
    return namedChildren(statement).map((node) => {
      const module = (childInField(node, 'name') ?? node).text;
      return { module, names: [childInField(node, 'alias')?.text ?? module.split('.')[0] ?? module], line: node.line };
    });
  }
  if (statement.type !== 'import_from_statement' && statement.type !== 'future_import_statement') return [];
  const module = childInField(statement, 'module_name')?.text ?? '__future__';
  const names = statement.children.filter((child) => child.field === 'name');
  const bound = names.map((node) => childInField(node, 'alias')?.text ?? node.text);
  return [{ module, names: bound.length === 0 ? ['*'] : bound, line: statement.line }];
}

function sideEffectOf(statement: SyntaxNode): readonly SideEffect[] {
  if (!hasEffect(statement)) return [];
  return [{ line: statement.line, text: statement.text }];
}

/** True for a top-level statement that acts when the module is loaded. */
export function hasEffect(statement: SyntaxNode): boolean {
  if (EFFECT_TYPES.has(statement.type)) return true;
  if (statement.type !== 'expression_statement') return false;
  const expression = namedChildren(statement)[0];
  if (expression === undefined || ['string', 'concatenated_string', 'ellipsis'].includes(expression.type)) return false;
  return expression.type === 'assignment' ? OUTSIDE_CALL.test(expression.text) : true;
}
