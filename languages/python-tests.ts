import { definitionOf } from './python-outline.ts';
import { childInField, childOfType, namedChildren, walkSyntax, type SyntaxNode } from './syntax.ts';
import type { WrittenTest } from './written-test.ts';

/** The tests that pytest collects from a module: functions, classes named `Test…` and unittest cases. */
export function countPythonTests(root: SyntaxNode): readonly WrittenTest[] {
  return namedChildren(root).flatMap((statement) => {
    const definition = definitionOf(statement);
    if (definition?.type === 'function_definition') return testFunction(statement, definition, '');
    return definition === undefined ? [] : testClass(statement, definition);
  });
}

function testClass(statement: SyntaxNode, definition: SyntaxNode): readonly WrittenTest[] {
  const name = childInField(definition, 'name')?.text ?? '';
  const isCase = /TestCase\b/.test(childInField(definition, 'superclasses')?.text ?? '');
  const body = childInField(definition, 'body');
  if ((!isCase && !name.startsWith('Test')) || body === undefined) return [];
  const times = timesOf(statement);
  return namedChildren(body).flatMap((member) => {
    const method = definitionOf(member);
    const tests = method?.type === 'function_definition' ? testFunction(member, method, `${name}::`) : [];
    return tests.map((test) => ({ ...test, times: product([test.times, times]) }));
  });
}

function testFunction(statement: SyntaxNode, definition: SyntaxNode, prefix: string): readonly WrittenTest[] {
  const name = childInField(definition, 'name')?.text ?? '';
  return name.startsWith('test') ? [{ name: `${prefix}${name}`, times: timesOf(statement) }] : [];
}

/** How often `pytest.mark.parametrize` makes a test run. */
function timesOf(statement: SyntaxNode): number | undefined {
  const decorators = statement.children.filter(({ type, text }) => type === 'decorator' && /parametrize/.test(text));
  return product(decorators.map(countParameters));
}

function countParameters(decorator: SyntaxNode): number | undefined {
  const call = [...walkSyntax(decorator)].find((node) => node.type === 'argument_list');
  const values = call === undefined ? undefined : namedChildren(call)[1];
  const list = values?.type === 'keyword_argument' ? childInField(values, 'value') : values;
  if (list === undefined || !['list', 'tuple', 'set'].includes(list.type)) return undefined;
  return childOfType(list, 'list_splat') === undefined ? namedChildren(list).length : undefined;
}

function product(factors: readonly (number | undefined)[]): number | undefined {
  return factors.reduce<number | undefined>(
    (result, factor) => (result === undefined || factor === undefined ? undefined : result * factor),
    1,
  );
}
