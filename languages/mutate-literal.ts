import { namedChildren, walkSyntax, type SyntaxNode } from './syntax.ts';

/** Numbers grow to at most twice this: `fib(10 ** 9)` would test patience, not code. */
const MAX_GROWING_NUMBER = 50;
/** Longer texts and lists are shortened only. */
const MAX_GROWING_LENGTH = 40;

const LISTS = new Set(['list', 'array', 'tuple', 'set']);
const MAPS = new Set(['dictionary', 'object']);

/** True for a node that `mutateLiteral` can change. */
export function isLiteral(node: SyntaxNode): boolean {
  return literalKind(node) !== undefined;
}

type LiteralKind = 'number' | 'string' | 'list' | 'map' | 'boolean';

function literalKind(node: SyntaxNode): LiteralKind | undefined {
  if (node.type === 'integer' || node.type === 'float' || node.type === 'number' || isNegative(node)) return 'number';
  if (node.type === 'string' && !/^[rbfuRBFU]+['"]|['"]{3}/.test(node.text)) return 'string';
  if (LISTS.has(node.type) && namedChildren(node).every((child) => !/splat|spread/.test(child.type))) return 'list';
  if (MAPS.has(node.type) && namedChildren(node).every((child) => child.type === 'pair')) return 'map';
  return node.type === 'true' || node.type === 'false' ? 'boolean' : undefined;
}

/** True for `-5`, which the grammars read as an operator and a number. */
export function isNegative(node: SyntaxNode): boolean {
  const operand = namedChildren(node)[0];
  const isUnary = node.type === 'unary_operator' || node.type === 'unary_expression';
  return (
    isUnary && node.text.startsWith('-') && operand !== undefined && /^(?:integer|float|number)$/.test(operand.type)
  );
}

/** Texts that the literal could be instead, of the same type, nearest first. */
export function mutateLiteral(node: SyntaxNode): readonly string[] {
  const kind = literalKind(node);
  switch (kind) {
    case 'number':
      return mutateNumber(node.text);
    case 'string':
      return mutateString(node.text);
    case 'list':
      return mutateList(node);
    case 'map':
      return mutateMap(node);
    case 'boolean':
      return [opposite(node.text)];
    case undefined:
      return [];
    default:
      return kind satisfies never;
  }
}

function opposite(text: string): string {
  const opposites: Readonly<Record<string, string>> = { true: 'false', false: 'true', True: 'False', False: 'True' };
  return opposites[text] ?? text;
}

function mutateNumber(text: string): readonly string[] {
  const value = Number(text.replaceAll('_', '').replace(/n$/, ''));
  if (!Number.isFinite(value)) return [];
  const suffix = text.endsWith('n') ? 'n' : '';
  if (/[.eE]/.test(text) && !/^-?0x/i.test(text)) return mutateFloat(value);
  const small = Math.abs(value) <= MAX_GROWING_NUMBER;
  const grown = small ? [value + 1, value * 2, value + 2] : [];
  return [value - 1, ...grown, 0, 1, -value, 2, Math.trunc(value / 2), -1].map((each) => `${each || 0}${suffix}`);
}

function mutateFloat(value: number): readonly string[] {
  const near = Math.abs(value) <= MAX_GROWING_NUMBER ? [value + 1, value + 0.5, value * 2] : [];
  return [0, ...near, -value, value / 2, value - 0.25].map((each) => {
    const text = String(Number(each.toPrecision(6)) || 0);
    return /[.e]/.test(text) ? text : `${text}.0`;
  });
}

function mutateString(text: string): readonly string[] {
  const quote = text[0] ?? '"';
  const inside = text.slice(1, -1);
  // Escapes are left whole: cutting one would break the literal.
  const units = inside.match(/\\(?:u\{[^}]*\}|u.{4}|x..|[\s\S])|[\s\S]/gu) ?? [];
  const swapped = units.length < 2 ? units : [units[1], units[0], ...units.slice(2)];
  const middle = Math.trunc(units.length / 2);
  const shorter = [
    units.slice(1),
    units.slice(0, -1),
    [...units.slice(0, middle), ...units.slice(middle + 1)],
    units.slice(0, 1),
  ];
  const longer =
    units.length <= MAX_GROWING_LENGTH
      ? [
          [...units, ...units],
          [...units, ' '],
          [...units, 'a'],
          [' ', ...units],
        ]
      : [];
  const same = [units.toReversed(), swapped, units.map((unit) => (/^[a-z]$/i.test(unit) ? flipCase(unit) : unit))];
  return [[], ...shorter, ...same, ...longer].map((each) => `${quote}${each.join('')}${quote}`);
}

function flipCase(letter: string): string {
  return letter === letter.toUpperCase() ? letter.toLowerCase() : letter.toUpperCase();
}

function mutateList(node: SyntaxNode): readonly string[] {
  const items = namedChildren(node).map((child) => child.text);
  const [first = '', ...rest] = items;
  const grown =
    items.length > 0 && items.length <= MAX_GROWING_LENGTH
      ? [
          [...items, items.at(-1) ?? ''],
          [first, ...items],
          [...items, ...items],
        ]
      : [];
  const variants = [[], rest, items.slice(0, -1), items.toReversed(), ...grown, items.slice(0, 1), swapEnds(items)];
  // A tuple is a record more often than a sequence: its length stays.
  const fitting = node.type === 'tuple' ? variants.filter((each) => each.length === items.length) : variants;
  return fitting.map((each) => renderList(node, each));
}

function swapEnds(items: readonly string[]): readonly string[] {
  return items.length < 2 ? items : [items.at(-1) ?? '', ...items.slice(1, -1), items[0] ?? ''];
}

function renderList(node: SyntaxNode, items: readonly string[]): string {
  if (node.type === 'tuple') return items.length === 1 ? `(${items[0] ?? ''},)` : `(${items.join(', ')})`;
  if (node.type === 'set') return items.length === 0 ? 'set()' : `{${items.join(', ')}}`;
  return `[${items.join(', ')}]`;
}

function mutateMap(node: SyntaxNode): readonly string[] {
  const pairs = namedChildren(node).map((child) => child.text);
  return [[], pairs.slice(1), pairs.slice(0, -1), pairs.toReversed()].map((each) => `{${each.join(', ')}}`);
}

/** Literals of an expression that can be mutated, outermost first. */
export function literalsIn(node: SyntaxNode): readonly SyntaxNode[] {
  return [...walkSyntax(node)].filter(
    (each) => isLiteral(each) && !(each.parent !== null && isNegative(each.parent)) && each.field !== 'key',
  );
}
