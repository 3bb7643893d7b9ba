import { childInField, namedChildren, walkSyntax, type SyntaxNode } from './syntax.ts';
import { unquote } from './typescript-outline.ts';
import type { WrittenTest } from './written-test.ts';

const TEST =
  /^(?:it|test|xit|fit|xtest|specify|Deno\.test)(?:\.(?:only|skip|todo|ignore|concurrent|sequential|fails|failing))*$/;
const EACH = /^(?:it|test|xit|fit|describe)(?:\.(?:only|skip|concurrent))*\.(?:each|for)$/;
const SUITE = /^(?:describe|suite|context|fdescribe|xdescribe)(?:\.(?:only|skip|concurrent|sequential))*$/;
const LOOPS = new Set(['for_statement', 'for_in_statement', 'while_statement', 'do_statement']);

/** The tests that vitest, jest, node:test or Deno find in a file. */
export function countTypescriptTests(root: SyntaxNode): readonly WrittenTest[] {
  return [...walkSyntax(root)].flatMap((node) => {
    const kind = callKind(node);
    if (kind === undefined || SUITE.test(kind.callee) || EACH.test(kind.callee) !== kind.isEach) return [];
    const isSuite = kind.callee.startsWith('describe');
    if (isSuite || !hasName(node)) return [];
    return [{ name: fullName(node), times: timesAround(node) }];
  });
}

interface CallKind {
  readonly callee: string;
  readonly isEach: boolean;
}

/** `test("x", f)` and `test.each(table)("x", f)`; undefined for every other call. */
function callKind(node: SyntaxNode): CallKind | undefined {
  const callee = node.type === 'call_expression' ? childInField(node, 'function') : undefined;
  if (callee === undefined) return undefined;
  const inner = callee.type === 'call_expression' ? childInField(callee, 'function') : undefined;
  if (inner !== undefined && EACH.test(inner.text)) return { callee: inner.text, isEach: true };
  return TEST.test(callee.text) || SUITE.test(callee.text) ? { callee: callee.text, isEach: false } : undefined;
}

function argumentsOf(call: SyntaxNode): readonly SyntaxNode[] {
  const list = childInField(call, 'arguments');
  return list === undefined ? [] : namedChildren(list);
}

function hasName(call: SyntaxNode): boolean {
  return argumentsOf(call).length > 0;
}

function fullName(call: SyntaxNode): string {
  const names: string[] = [];
  for (let node: SyntaxNode | null = call; node !== null; node = node.parent) {
    if (callKind(node) !== undefined) names.unshift(ownName(node));
  }
  return names.join(' > ');
}

function ownName(call: SyntaxNode): string {
  const [first] = argumentsOf(call);
  if (first === undefined) return '';
  if (first.type !== 'object') return childInField(first, 'name')?.text ?? unquote(first.text);
  const pair = namedChildren(first).find((each) => childInField(each, 'key')?.text === 'name');
  return unquote((pair && childInField(pair, 'value')?.text) ?? '');
}

/** How often the tables and loops around a test make it run. */
function timesAround(call: SyntaxNode): number | undefined {
  let times: number | undefined = 1;
  for (let node: SyntaxNode | null = call; node !== null; node = node.parent) {
    const factor = repeats(node);
    times = times === undefined || factor === undefined ? undefined : times * factor;
  }
  return times;
}

function repeats(node: SyntaxNode): number | undefined {
  if (LOOPS.has(node.type)) return undefined;
  if (node.type !== 'call_expression') return 1;
  const callee = childInField(node, 'function');
  if (callee !== undefined && /\.(?:forEach|map)$/.test(callee.text)) return undefined;
  if (callKind(node)?.isEach !== true || callee === undefined) return 1;
  const [table] = argumentsOf(callee);
  const isLiteral = table?.type === 'array' && namedChildren(table).every((row) => row.type !== 'spread_element');
  return isLiteral ? namedChildren(table).length : undefined;
}
