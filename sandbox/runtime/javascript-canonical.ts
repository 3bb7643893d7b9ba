/**
 * Turns a value into a text that is equal for equal values, in the same form as `python/hydra_runtime/canonical.py`.
 * Equality is that of a deep comparison: the order of keys, Map entries and Set members does not matter, properties that are
 * undefined count as absent, -0 is 0, NaN equals NaN. Numbers keep 12 significant digits.
 */

// Enough for any answer a person would check; the rest of an endless iterator cannot be seen.
const MAX_ITERATED = 1_000;
// Deeper data is not compared; the stack holds far more.
const MAX_DEPTH = 150;
// Longer texts travel as their beginning and a hash.
const MAX_TEXT = 65_536;
const HEAD_OF_LONG_TEXT = 1_000;
// From here on JavaScript writes integers with an exponent.
const LARGEST_PLAIN_NUMBER = 1e21;
const SIGNIFICANT_DIGITS = 12;

/** The text of a value. Errors: whatever reading the value throws. */
export async function canonicalText(value: unknown): Promise<string> {
  const text = textOf(isAsyncIterator(value) ? await collect(value) : value, []);
  if (text.length <= MAX_TEXT) return text;
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
  const hex = [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${text.slice(0, HEAD_OF_LONG_TEXT)}… sha256:${hex}`;
}

function isAsyncIterator(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

async function collect(values: AsyncIterable<unknown>): Promise<Iterator<unknown>> {
  const taken: unknown[] = [];
  for await (const value of values) {
    taken.push(value);
    if (taken.length > MAX_ITERATED) break;
  }
  return taken.values();
}

function textOf(value: unknown, parents: readonly object[]): string {
  switch (typeof value) {
    case 'undefined':
      return 'undefined';
    case 'boolean':
      return String(value);
    case 'number':
      return numberText(value);
    case 'bigint':
      return `${value}n`;
    case 'string':
      return JSON.stringify(value);
    case 'symbol':
      return value.toString();
    case 'function':
      return functionText(value);
    default:
      return value === null ? 'null' : objectText(value as object, parents);
  }
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (Number.isInteger(value) && Math.abs(value) < LARGEST_PLAIN_NUMBER) return String(value === 0 ? 0 : value);
  return String(Number(value.toPrecision(SIGNIFICANT_DIGITS)));
}

function functionText(value: object): string {
  const name = (value as { readonly name?: unknown }).name;
  const isClass = Function.prototype.toString.call(value).startsWith('class');
  return `${isClass ? 'type' : 'function'} ${String(name)}`;
}

function objectText(value: object, parents: readonly object[]): string {
  if (parents.includes(value)) return '<circular>';
  if (parents.length >= MAX_DEPTH) return '<too deep>';
  const within = [...parents, value];
  if (Array.isArray(value)) return `[${join(Array.from(value as unknown[]), within)}]`;
  if (value instanceof Map) return `map{${sortedPairs([...value], within)}}`;
  if (value instanceof Set)
    return `set{${[...value]
      .map((item) => textOf(item, within))
      .sort()
      .join(', ')}}`;
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    return `${nameOfType(value)}[${join([...(value as unknown as Iterable<unknown>)], within)}]`;
  }
  return specialText(value, within) ?? fieldsText(value, within);
}

/** Objects whose value is not in their fields; undefined for all others. */
// oxlint-disable unicorn/no-instanceof-builtins -- the program runs in this very realm
function specialText(value: object, within: readonly object[]): string | undefined {
  if (value instanceof Date) return `Date(${Number.isNaN(value.getTime()) ? 'invalid' : value.toISOString()})`;
  if (value instanceof RegExp || value instanceof URL) return `${nameOfType(value)}(${JSON.stringify(String(value))})`;
  if (value instanceof Error) return `${value.name}(${textOf(value.message, within)})`;
  if (value instanceof Number || value instanceof String || value instanceof Boolean) {
    return `${nameOfType(value)}(${textOf(value.valueOf(), within)})`;
  }
  if (value instanceof Promise || value instanceof WeakMap || value instanceof WeakSet) return nameOfType(value);
  if ('next' in value && typeof value.next === 'function') return iteratorText(value as Iterator<unknown>, within);
  return undefined;
}

// oxlint-enable unicorn/no-instanceof-builtins

function iteratorText(iterator: Iterator<unknown>, within: readonly object[]): string {
  const taken: unknown[] = [];
  for (let step = iterator.next(); step.done !== true; step = iterator.next()) {
    taken.push(step.value);
    if (taken.length > MAX_ITERATED) return `iterator[${join(taken.slice(0, MAX_ITERATED), within)}, …]`;
  }
  return `iterator[${join(taken, within)}]`;
}

function fieldsText(value: object, within: readonly object[]): string {
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) return `{${sortedPairs(fields, within)}}`;
  const texts = fields.map(([name, field]) => `${name}: ${textOf(field, within)}`);
  return `${nameOfType(value)}(${texts.sort().join(', ')})`;
}

function nameOfType(value: object): string {
  const maker: unknown = value.constructor;
  return typeof maker === 'function' ? maker.name : 'Object';
}

function join(values: readonly unknown[], within: readonly object[]): string {
  return values.map((item) => textOf(item, within)).join(', ');
}

function sortedPairs(pairs: readonly (readonly [unknown, unknown])[], within: readonly object[]): string {
  const texts = pairs.map(([key, value]) => `${textOf(key, within)}: ${textOf(value, within)}`);
  return texts.sort().join(', ');
}
