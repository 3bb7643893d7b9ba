import type { Callable, DeclaredSymbol, ModuleImport, Outline, Parameter, SideEffect } from './outline.ts';
import { childInField, childOfType, namedChildren, walkSyntax, type SyntaxNode } from './syntax.ts';

const FUNCTION_VALUES = new Set(['arrow_function', 'function_expression', 'generator_function']);
const FUNCTIONS = new Set(['function_declaration', 'generator_function_declaration', 'function_signature']);
const CLASSES = new Set(['class_declaration', 'abstract_class_declaration', 'class']);
const TYPES = new Set(['interface_declaration', 'type_alias_declaration', 'enum_declaration']);
const VARIABLES = new Set(['lexical_declaration', 'variable_declaration']);
const METHODS = new Set(['method_definition', 'method_signature', 'abstract_method_signature']);
const EFFECT_TYPES = new Set([
  'for_statement',
  'for_in_statement',
  'while_statement',
  'do_statement',
  'if_statement',
  'switch_statement',
  'try_statement',
  'throw_statement',
  'labeled_statement',
]);
/** Left sides of assignments that export in CommonJS. */
const COMMONJS_EXPORT = /^(?:module\.)?exports(?:\.(\w+))?$/;

/** Reads the outline of a TypeScript or JavaScript module. */
export function outlineTypescript(root: SyntaxNode): Outline {
  const statements = namedChildren(root);
  const aliases = exportAliases(statements);
  const symbols = new Map<string, DeclaredSymbol>();
  for (const symbol of statements.flatMap(declaredSymbols)) {
    // Overload signatures come before the implementation, which replaces them.
    const known = symbols.get(symbol.name);
    const exported = symbol.exported || known?.exported === true || aliases.get(symbol.name) === symbol.name;
    symbols.set(symbol.name, { ...symbol, exported });
  }
  return {
    symbols: [...symbols.values(), ...renamedExports(symbols, aliases)],
    imports: statements.flatMap(importsOf),
    sideEffects: statements.flatMap(sideEffectOf),
  };
}

function renamedExports(
  symbols: ReadonlyMap<string, DeclaredSymbol>,
  aliases: ReadonlyMap<string, string>,
): readonly DeclaredSymbol[] {
  return [...aliases].flatMap(([local, name]) => {
    const symbol = symbols.get(local);
    return symbol === undefined || local === name || symbols.has(name) ? [] : [{ ...symbol, name, exported: true }];
  });
}

/** From local name to exported name, of `export { a as b }` and of CommonJS. */
function exportAliases(statements: readonly SyntaxNode[]): ReadonlyMap<string, string> {
  const aliases = new Map<string, string>();
  for (const statement of statements) {
    const clause = childOfType(statement, 'export_clause');
    if (clause !== undefined && childInField(statement, 'source') === undefined) {
      for (const specifier of namedChildren(clause)) {
        const local = childInField(specifier, 'name')?.text ?? specifier.text;
        aliases.set(local, childInField(specifier, 'alias')?.text ?? local);
      }
    }
    if (statement.type === 'export_statement') {
      const value = childInField(statement, 'value');
      if (value?.type === 'identifier') aliases.set(value.text, value.text);
    }
    for (const [local, name] of commonJsExports(statement)) aliases.set(local, name);
  }
  return aliases;
}

function commonJsExports(statement: SyntaxNode): readonly (readonly [string, string])[] {
  const assignment = statement.type === 'expression_statement' && childOfType(statement, 'assignment_expression');
  if (!assignment) return [];
  const left = COMMONJS_EXPORT.exec(childInField(assignment, 'left')?.text ?? '');
  const right = childInField(assignment, 'right');
  if (left === null || right === undefined) return [];
  if (left[1] !== undefined) return [[right.type === 'identifier' ? right.text : left[1], left[1]]];
  if (right.type === 'identifier') return [[right.text, right.text]];
  return namedChildren(right).map((entry) => {
    const key = childInField(entry, 'key')?.text ?? entry.text;
    return [childInField(entry, 'value')?.text ?? key, key] as const;
  });
}

/** The declaration inside `export`, `export default` and `declare`, or the statement itself. */
export function declarationOf(statement: SyntaxNode): SyntaxNode {
  if (statement.type === 'ambient_declaration') return namedChildren(statement)[0] ?? statement;
  if (statement.type !== 'export_statement') return statement;
  const inner = childInField(statement, 'declaration') ?? childInField(statement, 'value');
  return inner === undefined ? statement : declarationOf(inner);
}

function declaredSymbols(statement: SyntaxNode): readonly DeclaredSymbol[] {
  const declaration = declarationOf(statement);
  const exported = statement.type === 'export_statement';
  if (VARIABLES.has(declaration.type)) {
    return namedChildren(declaration).flatMap((declarator) => variableSymbols(declarator, exported));
  }
  const name = declaredName(declaration) ?? (exported && isDefinition(declaration) ? 'default' : undefined);
  if (name === undefined) return exported ? [] : commonJsFunction(statement);
  return [{ ...describe(declaration), name, exported, line: declaration.line }];
}

function isDefinition(node: SyntaxNode): boolean {
  return FUNCTIONS.has(node.type) || CLASSES.has(node.type) || FUNCTION_VALUES.has(node.type);
}

function declaredName(declaration: SyntaxNode): string | undefined {
  const node = declaration.type === 'expression_statement' ? childOfType(declaration, 'internal_module') : declaration;
  const named = node !== undefined && (isDefinition(node) || TYPES.has(node.type) || node.type.endsWith('module'));
  return named ? childInField(node, 'name')?.text : undefined;
}

/** `exports.area = function (…) {…}` declares `area`. */
function commonJsFunction(statement: SyntaxNode): readonly DeclaredSymbol[] {
  const assignment = statement.type === 'expression_statement' && childOfType(statement, 'assignment_expression');
  const name = assignment && COMMONJS_EXPORT.exec(childInField(assignment, 'left')?.text ?? '')?.[1];
  const value = assignment ? childInField(assignment, 'right') : undefined;
  if (!name || value === undefined || value.type === 'identifier') return [];
  return [{ ...describe(value), name, exported: true, line: statement.line }];
}

function variableSymbols(declarator: SyntaxNode, exported: boolean): readonly DeclaredSymbol[] {
  const pattern = childInField(declarator, 'name');
  const value = childInField(declarator, 'value');
  if (pattern === undefined) return [];
  if (pattern.type === 'identifier') {
    return [{ ...describe(value), name: pattern.text, exported, line: declarator.line }];
  }
  return boundNames(pattern).map((name) => ({ ...describe(undefined), name, exported, line: declarator.line }));
}

/** Names that a destructuring pattern binds. */
export function boundNames(pattern: SyntaxNode): readonly string[] {
  const leaves = [...walkSyntax(pattern)].filter((node) =>
    ['identifier', 'shorthand_property_identifier_pattern'].includes(node.type),
  );
  return leaves.filter((node) => node.field !== 'right').map((node) => node.text);
}

function describe(node: SyntaxNode | undefined): Pick<DeclaredSymbol, 'kind' | 'parameters' | 'methods'> {
  if (node !== undefined && (FUNCTIONS.has(node.type) || FUNCTION_VALUES.has(node.type))) {
    return { kind: 'function', parameters: readParameters(node), methods: [] };
  }
  if (node !== undefined && CLASSES.has(node.type)) return describeClass(node);
  return { kind: node !== undefined && TYPES.has(node.type) ? 'type' : 'constant', parameters: null, methods: [] };
}

function describeClass(node: SyntaxNode): Pick<DeclaredSymbol, 'kind' | 'parameters' | 'methods'> {
  const body = childInField(node, 'body');
  const methods = (body === undefined ? [] : namedChildren(body)).flatMap(methodOf);
  const written = methods.findLast((method) => method.name === 'constructor');
  const derived = childOfType(node, 'class_heritage') !== undefined && /\bextends\b/.test(node.text);
  const unique = [...new Map(methods.map((method) => [method.name, method])).values()];
  return {
    kind: 'class',
    parameters: written?.parameters ?? (derived ? null : []),
    methods: unique.filter((method) => method.name !== 'constructor'),
  };
}

function methodOf(member: SyntaxNode): readonly Callable[] {
  const name = childInField(member, 'name')?.text ?? childInField(member, 'property')?.text;
  if (name === undefined) return [];
  if (METHODS.has(member.type)) return [{ name, parameters: readParameters(member) }];
  const value = childInField(member, 'value');
  return value !== undefined && FUNCTION_VALUES.has(value.type) ? [{ name, parameters: readParameters(value) }] : [];
}

function readParameters(callable: SyntaxNode): readonly Parameter[] {
  const single = childInField(callable, 'parameter');
  if (single !== undefined) return [readParameter(single)];
  const list = childInField(callable, 'parameters');
  const nodes = list === undefined ? [] : namedChildren(list);
  return nodes.filter((node) => childInField(node, 'pattern')?.type !== 'this').map(readParameter);
}

function readParameter(node: SyntaxNode): Parameter {
  const pattern = childInField(node, 'pattern') ?? childInField(node, 'left') ?? node;
  const variadic = pattern.type === 'rest_pattern';
  const type = childInField(node, 'type')?.text.replace(/^:\s*/, '') ?? null;
  const optional =
    variadic ||
    node.type === 'optional_parameter' ||
    node.type === 'assignment_pattern' ||
    childInField(node, 'value') !== undefined;
  return { name: pattern.text.replace(/^\.\.\./, ''), type, optional, variadic, keywordOnly: false };
}

function importsOf(statement: SyntaxNode): readonly ModuleImport[] {
  if (statement.type === 'import_statement' || statement.type === 'export_statement') {
    const source = childInField(statement, 'source');
    if (source === undefined) return [];
    const clause = childOfType(statement, 'import_clause');
    const names = clause === undefined ? [] : importedNames(clause);
    const foreign = exportedNames(clause ?? childOfType(statement, 'export_clause'));
    return [{ module: unquote(source.text), names, importedNames: foreign, line: statement.line }];
  }
  if (!VARIABLES.has(statement.type)) return [];
  return namedChildren(statement).flatMap((declarator) => {
    const required = /^require\(\s*(['"])([^'"]+)\1\s*\)/.exec(childInField(declarator, 'value')?.text ?? '')?.[2];
    const pattern = childInField(declarator, 'name');
    if (required === undefined || pattern === undefined) return [];
    return [{ module: required, names: boundNames(pattern), line: statement.line }];
  });
}

function importedNames(clause: SyntaxNode): readonly string[] {
  return namedChildren(clause).flatMap((node) => {
    if (node.type !== 'named_imports') return namedChildren(node)[0]?.text ?? node.text;
    return namedChildren(node).map((each) => (childInField(each, 'alias') ?? childInField(each, 'name') ?? each).text);
  });
}

function exportedNames(clause: SyntaxNode | undefined): readonly string[] {
  const specifiers =
    clause === undefined ? [] : [...walkSyntax(clause)].filter(({ type }) => type.endsWith('_specifier'));
  return specifiers.map((specifier) => childInField(specifier, 'name')?.text ?? specifier.text);
}

/** The text between the quotes of a string literal. */
export function unquote(literal: string): string {
  return literal.replace(/^(['"`])(.*)\1$/s, '$2');
}

function sideEffectOf(statement: SyntaxNode): readonly SideEffect[] {
  return hasEffect(statement) ? [{ line: statement.line, text: statement.text }] : [];
}

/** True for a top-level statement that acts when the module is loaded. */
export function hasEffect(statement: SyntaxNode): boolean {
  if (EFFECT_TYPES.has(statement.type)) return true;
  if (statement.type !== 'expression_statement') return false;
  const expression = namedChildren(statement)[0];
  if (expression === undefined || expression.type === 'string' || expression.type === 'internal_module') return false;
  return commonJsExports(statement).length === 0 && commonJsFunction(statement).length === 0;
}
