import type { RunnableLanguage } from '../domain/language.ts';
import { isClosed, parseExpression, type Expression } from './expression.ts';
import { guessArguments } from './guess-arguments.ts';
import { literalsIn, mutateLiteral } from './mutate-literal.ts';
import { listSymbols } from './parse.ts';
import { rulesFor } from './rules-for.ts';
import { createRandom } from './seeded-random.ts';

/** What probe calls are made from. */
export interface ProbeRequest {
  readonly language: RunnableLanguage;
  /** Calls of examples, such as `fib(10)`; their arguments are mutated. */
  readonly calls: readonly string[];
  /** Signatures of functions for which there is no call, such as `def fib(n: int) -> int`. */
  readonly signatures: readonly string[];
  readonly seed: number;
  /** Probes wanted. Default 32: fewer select visibly worse, more cost time. */
  readonly count?: number;
}

const DEFAULT_COUNT = 32;
/** Longer calls are data that nobody would read in a report. */
const MAX_CALL_LENGTH = 400;
/** Calls with one change; the rest of the wanted probes change two or more places. */
const SINGLE_CHANGE_SHARE = 0.75;
/** Tries per wanted probe before mixing gives nothing new. */
const TRIES_PER_PROBE = 8;

/** Call expressions whose outcomes are compared between candidates. Determinism: equal requests give equal probes. */
export async function makeProbes(request: ProbeRequest): Promise<readonly string[]> {
  const count = request.count ?? DEFAULT_COUNT;
  const random = createRandom(request.seed);
  const calls = await readCalls(request);
  const guessed = (await Promise.all(request.signatures.map((each) => callsOfSignature(each, request, random)))).flat();
  const known = new Set(request.calls);
  const probes = new Set<string>();
  const add = (probe: string): void => {
    if (probes.size < count && probe.length <= MAX_CALL_LENGTH && !known.has(probe)) probes.add(probe);
  };
  const singles = interleave(calls.map(singleChanges));
  // Signatures are for functions without examples; they get an equal share.
  const share = guessed.length === 0 ? 1 : calls.length === 0 ? 0 : 0.5;
  singles.slice(0, Math.ceil(count * share * SINGLE_CHANGE_SHARE)).forEach(add);
  for (let tries = 0; tries < count * TRIES_PER_PROBE && probes.size < Math.floor(count * share); tries += 1) {
    const call = calls[random(Math.max(1, calls.length))];
    if (call !== undefined) add(mixedChange(call, random));
  }
  [...guessed, ...singles].forEach(add);
  return keepValid(request.language, [...probes]);
}

async function readCalls(request: ProbeRequest): Promise<readonly Expression[]> {
  const calls = await Promise.all(request.calls.map((call) => parseExpression(request.language, call)));
  return calls.filter((call) => call !== undefined && isClosed(request.language, call.node)) as readonly Expression[];
}

/** Every change of one literal, taken in turns so that each literal gets its nearest changes first. */
function singleChanges(call: Expression): readonly string[] {
  return interleave(
    literalsIn(call.node).map((literal) =>
      mutateLiteral(literal).map((text) =>
        replaceAt(call.text, literal.start - call.offset, literal.end - call.offset, text),
      ),
    ),
  );
}

/** Changes of several literals that do not lie in each other. */
function mixedChange(call: Expression, random: (limit: number) => number): string {
  let text = call.text;
  let before = Number.POSITIVE_INFINITY;
  for (const literal of literalsIn(call.node).toReversed()) {
    const options = mutateLiteral(literal);
    if (literal.end > before || options.length === 0 || random(2) === 0) continue;
    const choice = options[random(options.length)] ?? literal.text;
    text = replaceAt(text, literal.start - call.offset, literal.end - call.offset, choice);
    before = literal.start;
  }
  return text;
}

function replaceAt(text: string, from: number, to: number, replacement: string): string {
  return `${text.slice(0, from)}${replacement}${text.slice(to)}`;
}

function interleave<T>(lists: readonly (readonly T[])[]): readonly T[] {
  const longest = Math.max(0, ...lists.map((list) => list.length));
  return Array.from({ length: longest }, (_, row) => lists.flatMap((list) => list.slice(row, row + 1))).flat();
}

async function callsOfSignature(
  signature: string,
  { language, count = DEFAULT_COUNT }: ProbeRequest,
  random: (limit: number) => number,
): Promise<readonly string[]> {
  const { symbols } = await listSymbols(language, rulesFor(language).signatureAsSource(signature));
  const symbol = symbols.find(({ kind }) => kind === 'function');
  const required = symbol?.parameters?.filter(({ optional }) => !optional) ?? [];
  const pools = required.map((parameter) => guessArguments(parameter, language));
  if (symbol === undefined || pools.some((pool) => pool.length === 0)) return [];
  const rows = pools.length === 1 ? (pools[0]?.length ?? 0) : count;
  return Array.from({ length: rows }, (_, row) => {
    const values = pools.map((pool) => pool[pools.length === 1 || row === 0 ? row : random(pool.length)] ?? '');
    const named = required.map(({ keywordOnly, name }, at) => `${keywordOnly ? `${name}=` : ''}${values[at] ?? ''}`);
    return `${symbol.name}(${named.join(', ')})`;
  });
}

async function keepValid(language: RunnableLanguage, probes: readonly string[]): Promise<readonly string[]> {
  const parsed = await Promise.all(probes.map((probe) => parseExpression(language, probe)));
  return probes.filter((_, index) => {
    const expression = parsed[index];
    return expression !== undefined && isClosed(language, expression.node);
  });
}
