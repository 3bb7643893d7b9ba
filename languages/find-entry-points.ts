import type { RunnableLanguage } from '../domain/language.ts';
import type { Example, SourceFile } from '../domain/request.ts';
import { calledNames, parseExpression } from './expression.ts';
import { listSymbols } from './parse.ts';
import { plainPrompt } from './prompt-text.ts';
import { rulesFor } from './rules-for.ts';
import { readSyntax, walkSyntax } from './syntax.ts';

/** Where names that the program must provide can be mentioned. */
export interface EntryPointSources {
  readonly prompt: string;
  readonly language: RunnableLanguage;
  readonly examples?: readonly Example[];
  readonly tests?: readonly SourceFile[];
}

const IDENTIFIER = '[A-Za-z_$][\\w$]*';
/** A kind of thing and then its name, with a word or a mark between that makes it a name. */
const NAMED: readonly RegExp[] = [
  new RegExp(
    `\\b(?:function|method|class|procedure|routine|helper|component|type|constant|called|named)\\s*(?:\\w+\\s+)?(?:called|named)?:?\\s*[\`'"*]{1,3}(${IDENTIFIER})(?:\\([^\`\\n]*\\))?[\`'"*]{1,3}`,
    'gi',
  ),
  new RegExp(
    `\\b(?:function|method|class|procedure|routine|helper|component)\\s+(?:called|named)\\s+(${IDENTIFIER})`,
    'gi',
  ),
  new RegExp(`\\b(?:function|method|class)\\s+(${IDENTIFIER})\\(`, 'g'),
  new RegExp(`^[ \\t]*(?:async\\s+)?def\\s+(${IDENTIFIER})\\s*\\(`, 'gm'),
  new RegExp(`\\bdef\\s+(${IDENTIFIER})\\s*\\(`, 'g'),
  new RegExp(`\\b(?:const|let|var)\\s+(${IDENTIFIER})\\s*=\\s*(?:async\\s*)?(?:function\\b|\\()`, 'g'),
  new RegExp(`\\bclass\\s+([A-Z][\\w$]*)\\b`, 'g'),
  new RegExp(`\`(${IDENTIFIER})\`\\s+(?:function|class|method|helper)\\b`, 'gi'),
  new RegExp(
    `\\b(?:write|implement|create|build|make|define|provide|export|add)\\s+(?:me\\s+)?(?:an?\\s+|the\\s+)?\`(${IDENTIFIER})(?:\\([^\`\\n]*\\))?\``,
    'gi',
  ),
  new RegExp(`\\b(?:an?|the)\\s+([A-Z][a-z0-9]*(?:[A-Z][\\w$]*)|[A-Z]{2,}[a-z]\\w*)\\s+class\\b`, 'g'),
  new RegExp(
    `\\b(?:write|implement|create|build|make|define)\\s+(?:me\\s+)?(?:an?\\s+|the\\s+)?(${IDENTIFIER})\\(`,
    'gi',
  ),
];
/** Words after "function" or "class" that are no names. */
const NO_NAMES = new Set(
  'that which to for in with and it is of from as on by the a an this returning called named taking using should must if when where or not be can will'.split(
    ' ',
  ),
);
/** The name belongs to something that is to be used or avoided, not to be written. */
const MENTIONED_ONLY =
  /\b(?:use|uses|using|without|avoid|not|don't|like|via|calls?|calling|instead of|from|import|similar to|built-in|builtin)\s+(?:the\s+|an?\s+)?(?:built-?in\s+)?$/i;

/** Names that the finished program must provide, first mentioned first. */
export async function findEntryPoints(sources: EntryPointSources): Promise<readonly string[]> {
  const { builtins } = rulesFor(sources.language);
  const names = [
    ...namesInPrompt(sources.prompt),
    ...(await namesInExamples(sources.language, sources.examples ?? [])),
    ...(await namesInTests(sources.language, sources.tests ?? [])),
  ];
  return [...new Set(names)].filter((name) => !builtins.has(name) && !/^(?:test_|__)/.test(name));
}

/** Names that the prompt itself says are to be written, by declaring or naming them. */
export function namesInPrompt(text: string): readonly string[] {
  const prompt = plainPrompt(text);
  const found = NAMED.flatMap((pattern) => [...prompt.matchAll(pattern)]);
  return found
    .filter(({ index }) => !MENTIONED_ONLY.test(prompt.slice(Math.max(0, index - 40), index)))
    .map((match) => ({ name: match[1] ?? '', at: match.index + match[0].lastIndexOf(match[1] ?? '') }))
    .sort((a, b) => a.at - b.at)
    .map(({ name }) => name)
    .filter((name) => name.length > 1 && !NO_NAMES.has(name.toLowerCase()));
}

async function namesInExamples(language: RunnableLanguage, examples: readonly Example[]): Promise<readonly string[]> {
  const calls = await Promise.all(examples.map(({ call }) => parseExpression(language, call)));
  return calls.flatMap((call) => (call === undefined ? [] : calledNames(call.node)));
}

/** What tests import from the program: relative modules in TypeScript, non-library modules in Python. */
async function namesInTests(language: RunnableLanguage, tests: readonly SourceFile[]): Promise<readonly string[]> {
  const perFile = await Promise.all(
    tests.map(async ({ content }) => {
      const { imports, symbols } = await listSymbols(language, content);
      const own = new Set(symbols.map((symbol) => symbol.name));
      const isProgram = (module: string): boolean =>
        language === 'python' ? !KNOWN_PYTHON_MODULES.test(module) : module.startsWith('.');
      const imported = imports.filter(({ module }) => isProgram(module)).flatMap(({ names }) => names);
      const used = await usedNames(language, content);
      return imported.filter((name) => name !== '*' && used.has(name) && !own.has(name));
    }),
  );
  return perFile.flat();
}

/** Test tools and the standard modules that tests import. */
const KNOWN_PYTHON_MODULES =
  /^(?:__future__|pytest|unittest|hypothesis|typing|math|os|sys|re|json|random|itertools|functools|collections|datetime|time|decimal|fractions|string|io|pathlib|tempfile|copy|dataclasses|abc|enum|asyncio|numpy|pandas|mock)(?:\.|$)/;

async function usedNames(language: RunnableLanguage, source: string): Promise<ReadonlySet<string>> {
  const nodes = [...walkSyntax(await readSyntax(language, source))];
  const inImport = /import|dotted_name|export/;
  const used = nodes.filter((node) => node.type.endsWith('identifier') && !inImport.test(node.parent?.type ?? ''));
  return new Set(used.map((node) => node.text));
}
