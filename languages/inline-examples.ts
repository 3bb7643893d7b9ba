import { endOfGroup, endOfValue, splitArguments } from './scan-text.ts';
import type { StatedExample } from './stated-example.ts';

const CALL_START = /(?<![\w.$])(?:new\s+|await\s+)?[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*\(/g;
/** No prompt states more; a file full of calls is data. */
const MAX_CALLS = 500;
const DECLARES = /\b(?:def|function|class|func|fn|interface|type)\s+$/;
/** What may stand between a call and its outcome. */
const ARROW = /^[`*]{0,3};?\s*(?:\/\/|#|--)?\s*(?:[-=]+>|={1,3}|[→⇒⇨↦➔➙➜➝➞⟶⟹]|\breturns?:?|\breturning)\s*/;
const PROSE =
  /^[`*]{0,3}\s*(?:(?:should|must|will|would|has to|shall)\s+)?(?:returns?|gives?|yields?|equals?|equal|produces?|outputs?|evaluates? to|be equal to|be|is|results? in)(?:\s+(?:equal\s+)?to)?:?\s+(?=[`'"\w[({+-])/;
const RAISES =
  /^[`*]{0,3}\s*(?:(?:\/\/|#)\s*)?(?:(?:should|must|will|would)\s+)?(?:raises?|throws?|[-=]+>|[→⇒➜➞])\s+(?:raises?\s+|throws?\s+)?(?:an?\s+)?[`*]{0,2}([A-Z]\w*(?:Error|Exception|Interrupt|Iteration)|Error)\b/;
const COMMENT = /^[`*]{0,3};?\s*(?:\/\/|#)\s*/;
/** What may follow an outcome; a noun would make it a phrase, such as "returns 3 elements". */
const AFTER =
  /^(?:['"`*_]{0,3})\s*(?:$|[.,;:!?)\]}`*—–]|\(|#|\/\/|-\s|->|(?:and|because|since|when|as|while|whereas|for|but|if|instead|rather|not)\b)/;
const ALTERNATIVE = /^[`*]{0,3}\s*(?:or|to)\b/;
const OPERATOR = /^[ \t]+(?:[-+*/%<>&|^]|\*\*)[ \t]*[\w('"[]/;
/** Says that the outcome is what happens now and not what is wanted. */
const COMPLAINT =
  /\b(?:currently|wrong|wrongly|incorrect|incorrectly|instead|buggy|rather than|actually|never|not)\b|n't\b/i;
const WANTED = /\b(?:should|must|shall|has to)\b/;
const EQUALITY_CALL =
  /^(?:self\.)?(?:assert\w*|t)?\.?(?:assertEquals?|(?:deep|strict|deepStrict)?[eE]quals?|deepEqual|is)\($/;
const EXPECT_METHOD = /^\.(?:toBe|toEqual|toStrictEqual)\(/;

/** Calls whose outcome stands behind them: `f(2) → 4`, `f(2) == 4`, "f(2) returns 4", `expect(f(2)).toBe(4)`. */
export function findInlineExamples(prompt: string): readonly StatedExample[] {
  const examples: StatedExample[] = [];
  let from = 0;
  let tried = 0;
  for (let match = nextCall(prompt, from); match !== null; match = nextCall(prompt, from)) {
    tried += 1;
    if (tried > MAX_CALLS) break;
    const end = endOfValue(prompt, match.index);
    const found = end === undefined || isDeclared(prompt, match.index) ? undefined : readExample(prompt, match, end);
    if (found !== undefined) examples.push(found);
    // Behind a call without outcome the search goes on inside its brackets.
    from = found === undefined || end === undefined ? match.index + match[0].length : end;
  }
  return examples;
}

function nextCall(prompt: string, from: number): RegExpExecArray | null {
  CALL_START.lastIndex = from;
  return CALL_START.exec(prompt);
}

function isDeclared(prompt: string, at: number): boolean {
  return DECLARES.test(prompt.slice(Math.max(0, at - 20), at));
}

function readExample(prompt: string, match: RegExpExecArray, end: number): StatedExample | undefined {
  const call = prompt.slice(match.index, end);
  const open = match.index + match[0].length - 1;
  const asserted = assertedExample(match[0], prompt, open);
  if (asserted !== undefined) return asserted;
  const line = lineAround(prompt, match.index, end);
  const after = prompt.slice(end, end + 5_000);
  const outcome = readOutcome(after);
  if (outcome === undefined || isComplaint(line, after.slice(0, outcome.connectorLength), call)) return undefined;
  return { call: printedArgument(match[0], prompt, open) ?? call, expected: outcome.expected };
}

/** `console.log(f(2)) // 4` and `print(f(2))  # 4` show the value of `f(2)`. */
function printedArgument(start: string, prompt: string, open: number): string | undefined {
  if (!/^(?:print|console\.log)\($/.test(start)) return undefined;
  const inside = prompt.slice(open + 1, (endOfGroup(prompt, open) ?? open) - 1);
  return splitArguments(inside).length === 1 ? inside.trim() : undefined;
}

function assertedExample(start: string, prompt: string, open: number): StatedExample | undefined {
  const close = endOfGroup(prompt, open);
  if (close === undefined) return undefined;
  const [call, expected] = splitArguments(prompt.slice(open + 1, close - 1));
  if (call === undefined) return undefined;
  if (EQUALITY_CALL.test(start)) return expected === undefined ? undefined : { call, expected };
  const method = start === 'expect(' ? EXPECT_METHOD.exec(prompt.slice(close, close + 20))?.[0] : undefined;
  if (method === undefined) return undefined;
  const from = close + method.length - 1;
  return { call, expected: prompt.slice(from + 1, (endOfGroup(prompt, from) ?? from + 2) - 1).trim() };
}

interface Outcome {
  readonly expected: string;
  readonly connectorLength: number;
}

function readOutcome(after: string): Outcome | undefined {
  const raised = RAISES.exec(after);
  if (raised !== null) return { expected: `raises ${raised[1] ?? ''}`, connectorLength: raised[0].length };
  for (const connector of [ARROW, PROSE, COMMENT]) {
    const match = connector.exec(after);
    // A line break is allowed only before an arrow: prose on the next line speaks of something else.
    if (match === null || (connector !== ARROW && match[0].includes('\n')) || /\n\s*\n/.test(match[0])) continue;
    const expected = readExpected(after.slice(match[0].length), connector === COMMENT);
    if (expected !== undefined) return { expected, connectorLength: match[0].length };
  }
  return undefined;
}

function readExpected(text: string, wholeLine: boolean): string | undefined {
  const line = text.split('\n')[0] ?? '';
  const quoted = /^`+([^`]+)`+(.*)$/.exec(line);
  if (quoted !== null) return ALTERNATIVE.test(quoted[2] ?? '') ? undefined : quoted[1]?.trim();
  const start = /^\*{0,2}/.exec(text)?.[0].length ?? 0;
  const end = endOfValue(text, start);
  if (end === undefined) return undefined;
  const rest = text.slice(end).split('\n')[0] ?? '';
  if (OPERATOR.test(rest)) return line.split(/\s+(?:#|\/\/)|[`;]/)[0]?.trim();
  if (ALTERNATIVE.test(rest) || !(wholeLine ? /^\s*[.;]?\s*$/ : AFTER).test(rest)) return undefined;
  return text.slice(start, end).trim();
}

function lineAround(prompt: string, start: number, end: number): string {
  const from = prompt.lastIndexOf('\n', start) + 1;
  const to = prompt.indexOf('\n', end);
  return prompt.slice(from, to === -1 ? prompt.length : to);
}

function isComplaint(line: string, connector: string, call: string): boolean {
  return !WANTED.test(connector) && COMPLAINT.test(line.replace(call, '').replaceAll(/(['"`]).*?\1/g, ''));
}
