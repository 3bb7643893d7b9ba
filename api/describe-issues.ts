import type { z } from '@hono/zod-openapi';
import { suggestName } from '../config/suggest-name.ts';
import { formatCount } from '../domain/format-count.ts';

/** One broken rule: which field, which rule, and the value seen (shortened). */
export interface FieldError {
  readonly field: string;
  readonly rule: string;
  readonly value: string;
}

type Issue = z.core.$ZodIssue;

/** The broken rules of a body, a query or a parameter, one per field and rule. `input` is what was checked. */
export function describeIssues(
  issues: readonly Issue[],
  input: unknown,
  knownFields: readonly string[],
): readonly FieldError[] {
  return issues.flatMap((issue) => describeIssue(issue, issue.path, input, knownFields));
}

function describeIssue(
  issue: Issue,
  path: readonly PropertyKey[],
  input: unknown,
  knownFields: readonly string[],
): readonly FieldError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => describeField([...path, key], describeUnknown(key, knownFields), input));
  }
  const branch = issue.code === 'invalid_union' ? findClosestBranch(issue.errors) : undefined;
  if (branch !== undefined) {
    return branch.flatMap((inner) => describeIssue(inner, [...path, ...inner.path], input, knownFields));
  }
  return [describeField(path, describeRule(issue, readPath(input, path)), input)];
}

/** The branch of a union that the value came furthest into; none when all fail at the value itself. */
function findClosestBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const isInside = (branch: readonly Issue[]) =>
    branch.some((issue) => issue.code !== 'invalid_type' || issue.path.length > 0);
  return branches.find(isInside);
}

function describeRule(issue: Issue, value: unknown): string {
  if (value === undefined && issue.code === 'invalid_type') return `required: ${withArticle(issue.expected)}`;
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${withArticle(issue.expected)}`;
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}${suggest(value, issue.values.map(String))}`;
    case 'too_big':
      return `must ${describeBound(issue.origin, 'at most', Number(issue.maximum))}`;
    case 'too_small':
      return `must ${describeBound(issue.origin, issue.inclusive === false ? 'more than' : 'at least', Number(issue.minimum))}`;
    case 'invalid_union':
      return 'must be a text or a list of files';
    default:
      return issue.message;
  }
}

function describeBound(origin: string, relation: string, bound: number): string {
  if (origin === 'string') return `have ${relation} ${formatCount(bound, 'character')}`;
  if (origin === 'array') return `have ${relation} ${bound} ${bound === 1 ? 'entry' : 'entries'}`;
  return `be ${relation} ${bound}`;
}

function withArticle(expected: string): string {
  if (expected === 'int') return 'a whole number';
  return /^[aeiou]/.test(expected) ? `an ${expected}` : `a ${expected}`;
}

function describeUnknown(key: string, knownFields: readonly string[]): string {
  return `unknown field${suggest(key, knownFields)}`;
}

// Longer texts are no misspelt names and would make the comparison slow.
const MAX_NAME_CHARACTERS = 50;

function suggest(value: unknown, known: readonly string[]): string {
  return typeof value === 'string' && value.length <= MAX_NAME_CHARACTERS ? suggestName(value, known) : '';
}

function describeField(path: readonly PropertyKey[], rule: string, input: unknown): FieldError {
  return { field: nameField(path), rule, value: shortenValue(readPath(input, path)) };
}

function nameField(path: readonly PropertyKey[]): string {
  const name = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${shorten(String(key))}`)).join('');
  return name.replace(/^\./, '') || 'body';
}

function readPath(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => {
    const isReadable = typeof value === 'object' && value !== null && Object.hasOwn(value, key);
    return isReadable ? (value as Record<PropertyKey, unknown>)[key] : undefined;
  }, input);
}

// Enough to recognise the value; a whole prompt would drown the message.
const VALUE_CHARACTERS = 60;

function shorten(text: string): string {
  return text.length > VALUE_CHARACTERS ? `${text.slice(0, VALUE_CHARACTERS)}…` : text;
}

/** A value as errors show it. Never walks into the value: it may be nested deeper than the stack. */
export function shortenValue(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'string') {
    return value.length > VALUE_CHARACTERS ? `"${shorten(value)}" (${value.length} characters)` : `"${value}"`;
  }
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return String(value);
  return Array.isArray(value) ? `a list of ${value.length}` : 'an object';
}
