import { childInField, namedChildren, walkSyntax, type SyntaxNode } from './syntax.ts';

/** Nodes that name something; the rest of the grammar only structures. */
const NAMES = new Set(['identifier', 'type_identifier', 'shorthand_property_identifier']);
const SCOPES = new Set([
  'function_definition',
  'lambda',
  'list_comprehension',
  'set_comprehension',
  'dictionary_comprehension',
  'generator_expression',
  'function_declaration',
  'generator_function_declaration',
  'function_expression',
  'generator_function',
  'arrow_function',
  'method_definition',
  'catch_clause',
]);
/** Nodes whose named parts bind a name in the scope around them. */
const BINDERS = new Set([
  'assignment',
  'augmented_assignment',
  'named_expression',
  'for_statement',
  'for_in_clause',
  'with_item',
  'as_pattern_target',
  'as_pattern',
  'variable_declarator',
  'for_in_statement',
]);
const PARAMETER_LISTS = new Set(['parameters', 'lambda_parameters', 'formal_parameters']);

/**
 * The places of a module that mean a name of its top level: declarations and uses, but no attributes, no argument names,
 * and nothing that a function's own parameter or variable hides.
 */
export function findModuleReferences(root: SyntaxNode): readonly SyntaxNode[] {
  const bindings = new Map<SyntaxNode, ReadonlySet<string>>();
  const boundIn = (scope: SyntaxNode): ReadonlySet<string> => {
    const known = bindings.get(scope);
    if (known !== undefined) return known;
    const names = boundNamesOf(scope);
    bindings.set(scope, names);
    return names;
  };
  return [...walkSyntax(root)].filter((node) => isName(node) && !isHidden(node, boundIn));
}

function isName(node: SyntaxNode): boolean {
  if (!NAMES.has(node.type) || node.field === 'attribute') return false;
  return !(node.field === 'name' && node.parent?.type === 'keyword_argument');
}

function isHidden(node: SyntaxNode, boundIn: (scope: SyntaxNode) => ReadonlySet<string>): boolean {
  // A function's own name belongs to the scope around it.
  const isOwnName = node.field === 'name' && node.parent !== null && SCOPES.has(node.parent.type);
  let up = isOwnName ? node.parent?.parent : node.parent;
  for (; up !== null && up !== undefined; up = up.parent) {
    if (SCOPES.has(up.type) && boundIn(up).has(node.text)) return true;
  }
  return false;
}

function boundNamesOf(scope: SyntaxNode): ReadonlySet<string> {
  const names = new Set<string>();
  const outer = new Set<string>();
  const single = childInField(scope, 'parameter');
  if (single !== undefined) addTargets(single, names);
  const waiting = [...scope.children];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (PARAMETER_LISTS.has(node.type)) {
      for (const parameter of namedChildren(node)) addTargets(parameter, names);
      continue;
    }
    if (BINDERS.has(node.type)) addTargets(targetOf(node), names);
    if (node.type === 'global_statement' || node.type === 'nonlocal_statement') {
      for (const each of namedChildren(node)) outer.add(each.text);
    }
    if (isDeclaration(node)) addTargets(childInField(node, 'name'), names);
    // Inner scopes keep their own names to themselves.
    if (!SCOPES.has(node.type) && !/^(?:abstract_)?class_(?:definition|declaration)$/.test(node.type))
      waiting.push(...node.children);
  }
  return new Set([...names].filter((name) => !outer.has(name)));
}

function isDeclaration(node: SyntaxNode): boolean {
  return /^(?:function_definition|class_definition|(?:generator_)?function_declaration|class_declaration)$/.test(
    node.type,
  );
}

function targetOf(node: SyntaxNode): SyntaxNode | undefined {
  if (node.type === 'as_pattern') return childInField(node, 'alias');
  if (node.type === 'as_pattern_target') return node;
  return childInField(node, 'left') ?? childInField(node, 'name');
}

/** Adds what a pattern binds; types, defaults and the keys of object patterns bind nothing. */
function addTargets(pattern: SyntaxNode | undefined, names: Set<string>): void {
  if (
    pattern === undefined ||
    ['attribute', 'subscript', 'member_expression', 'type', 'type_annotation'].includes(pattern.type)
  )
    return;
  if (pattern.type === 'identifier' || pattern.type === 'shorthand_property_identifier_pattern')
    names.add(pattern.text);
  for (const child of namedChildren(pattern))
    if (!['value', 'right', 'type', 'key'].includes(child.field ?? '')) addTargets(child, names);
}
