import type { RunnableLanguage } from '../domain/language.ts';
import type { Parameter } from './outline.ts';
import { splitArguments } from './scan-text.ts';

const INTEGERS = ['0', '1', '2', '3', '5', '10', '-1', '7'];
const FLOATS = ['0.0', '1.0', '0.5', '2.5', '-1.5', '10.0'];
const STRINGS = ['""', '"a"', '"Hello World"', '"abc"', '"racecar"', '"A1 b2, c3!"', '"  two  words "'];

type Guess = (language: RunnableLanguage) => readonly string[];

const LISTS_OF_INTEGERS: Guess = () => ['[]', '[1]', '[1, 2, 3]', '[3, 1, 2]', '[2, 2, -1, 0]', '[5, 4, 3, 2, 1]'];
const LISTS_OF_STRINGS: Guess = () => ['[]', '["a"]', '["b", "a", "c"]', '["apple", "Bob", "apple"]', '["", "a b"]'];
const BOOLEANS: Guess = (language) => (language === 'python' ? ['True', 'False'] : ['true', 'false']);

/** Values by written type. Types that are not here give no probes: a wrong guess only raises type errors everywhere. */
const BY_TYPE: readonly (readonly [RegExp, Guess])[] = [
  [/^(?:int|number|integer)$/, () => INTEGERS],
  [/^float$|^complex$/, () => FLOATS],
  [/^bigint$/, () => INTEGERS.map((value) => `${value}n`)],
  [/^(?:str|string)$/, () => STRINGS],
  [/^(?:bool|boolean)$/, BOOLEANS],
  [/^(?:None|null)$/, (language) => [language === 'python' ? 'None' : 'null']],
  [/^undefined$/, () => ['undefined']],
  [/^(?:list|List|Sequence|Iterable|Array|array)$/, LISTS_OF_INTEGERS],
  [
    /^(?:dict|Dict|Mapping)(?:\[str,\s*(?:int|Any)\])?$/,
    () => ['{}', '{"a": 1}', '{"b": 2, "a": 1}', '{"a": 0, "b": -1, "c": 5}'],
  ],
  [/^Record<string,\s*(?:number|unknown)>$/, () => ['{}', '{ a: 1 }', '{ b: 2, a: 1 }']],
  [/^(?:dict|Dict|Mapping)\[str,\s*str\]$/, () => ['{}', '{"a": "x"}', '{"b": "y", "a": "x"}']],
  [/^(?:set|Set)\[int\]$/, () => ['set()', '{1}', '{3, 1, 2}']],
];

/** Values by parameter name, where nothing else is written. */
const BY_NAME: readonly (readonly [RegExp, Guess])[] = [
  [
    /^(?:n|k|m|i|j|x|y|a|b|num|number|count|index|limit|size|start|end|value|target|year|age|amount|width|height|depth)\d?$/,
    () => INTEGERS,
  ],
  [
    /^(?:s|t|text|string|str|word|name|sentence|line|message|input_string|pattern|char|title|email|url|path)\d?$/,
    () => STRINGS,
  ],
  [/^(?:words|strings|names|lines|tokens|strs)$/, LISTS_OF_STRINGS],
  [
    /^(?:nums?|numbers|arr|array|lst|list|items|values|elements|data|seq|sequence|xs|integers|scores|prices)\d?$/,
    LISTS_OF_INTEGERS,
  ],
  [
    /^(?:matrix|grid|board|table|rows)$/,
    () => ['[[1]]', '[[1, 2], [3, 4]]', '[[1, 2, 3], [4, 5, 6]]', '[[0, 0], [0, 0]]'],
  ],
  [/^(?:is|has|should|flag|reverse|ascending|strict)\w*$/, BOOLEANS],
];

const WRAPPER =
  /^(?:(?:typing\.)?(?:list|List|Sequence|Iterable|Optional|Union|tuple|Tuple)\[(.*)\]|(?:Readonly)?Array<(.*)>|(?:readonly\s+)?(.+)\[\])$/s;
/** Few of each inner kind, so that lists of lists stay short. */
const INNER_COUNT = 4;

/** Values that a parameter may take, boundary values first; empty when its type says nothing. */
export function guessArguments(parameter: Parameter, language: RunnableLanguage): readonly string[] {
  if (parameter.type !== null) return valuesOfType(parameter.type.trim(), language);
  return BY_NAME.find(([name]) => name.test(parameter.name))?.[1](language) ?? [];
}

function valuesOfType(type: string, language: RunnableLanguage): readonly string[] {
  const direct = BY_TYPE.find(([pattern]) => pattern.test(type))?.[1](language);
  if (direct !== undefined) return direct;
  if (/^(['"]).*\1$/.test(type)) return [type];
  const alternatives =
    /^(?:typing\.)?(?:Union|Optional)\[(.*)\]$/s.exec(type)?.[1] ?? (type.includes('|') ? type : undefined);
  if (alternatives !== undefined && !/[<[(].*\|.*[>\])]/.test(type)) return unionValues(type, alternatives, language);
  return sequenceValues(type, language);
}

function unionValues(type: string, alternatives: string, language: RunnableLanguage): readonly string[] {
  const members = alternatives.includes('|') ? alternatives.split('|') : splitArguments(alternatives);
  const optional = /^(?:typing\.)?Optional\[/.test(type) ? ['None'] : [];
  return [...members.flatMap((member) => valuesOfType(member.trim(), language).slice(0, INNER_COUNT)), ...optional];
}

function sequenceValues(type: string, language: RunnableLanguage): readonly string[] {
  const match = WRAPPER.exec(type);
  const inner = match?.[1] ?? match?.[2] ?? match?.[3];
  if (inner === undefined) return [];
  if (/^(?:typing\.)?[Tt]uple\[/.test(type)) return tupleValues(splitArguments(inner), language);
  const values = valuesOfType(inner.replace(/^\((.*)\)$/s, '$1').trim(), language).slice(0, INNER_COUNT + 2);
  if (values.length === 0) return [];
  return [
    [],
    values.slice(1, 2),
    values.slice(0, 3),
    values.slice(1, 5).toReversed(),
    [...values.slice(2, 4), ...values.slice(2, 4)],
  ].map((items) => `[${items.join(', ')}]`);
}

function tupleValues(types: readonly string[], language: RunnableLanguage): readonly string[] {
  const [first] = types;
  const members = types.at(-1) === '...' && first !== undefined ? [first, first] : types;
  const pools = members.map((type) => valuesOfType(type, language));
  if (pools.some((pool) => pool.length === 0)) return [];
  return [0, 1, 2, 3].map((row) => `(${pools.map((pool) => pool[row % pool.length] ?? '').join(', ')},)`);
}
