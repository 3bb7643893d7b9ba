import { isRunnable, type RunnableLanguage } from '../domain/language.ts';
import type { SymbolContract } from '../domain/plan.ts';
import type { Program } from '../domain/program.ts';
import { compareParameters } from './compare-parameters.ts';
import { languageOfFile } from './file-language.ts';
import type { DeclaredSymbol } from './outline.ts';
import { listSymbols } from './parse.ts';
import { rulesFor } from './rules-for.ts';

/** How well a program keeps its contract. Shape: at most one problem per symbol, so `totalCount - problems.length` are kept. */
export interface ContractReport {
  readonly totalCount: number;
  /** Sentences that can be given to the model as evidence. */
  readonly problems: readonly string[];
}

/**
 * Compares what the program declares with the symbols and entry points it must provide. Languages that Hydra only parses
 * are asked for the names alone.
 */
export async function checkContract(
  program: Program,
  contracts: readonly SymbolContract[],
  entryPoints: readonly string[] = [],
): Promise<ContractReport> {
  const others = entryPoints.filter((name) => contracts.every((contract) => contract.name !== name));
  const totalCount = contracts.length + others.length;
  const { language } = program;
  if (!isRunnable(language)) {
    const names = [...contracts.map(({ name }) => name), ...others];
    return { totalCount, problems: names.filter((name) => !mentions(program, name)).map(missing) };
  }
  const declared = await declaredIn(program, language);
  const checked = await Promise.all(contracts.map((contract) => contractProblem(declared, contract, language)));
  const absent = others.filter((name) => find(declared, name) === undefined && !hasMethod(declared, name));
  return {
    totalCount,
    problems: [
      ...checked.filter((problem) => problem !== undefined),
      ...absent.map((name) => missing(name) + similarName(declared, name)),
    ],
  };
}

async function declaredIn(program: Program, language: RunnableLanguage): Promise<readonly DeclaredSymbol[]> {
  const sources = program.files.filter(({ path }) => path === program.mainFile || languageOfFile(path) === language);
  const outlines = await Promise.all(sources.map(({ content }) => listSymbols(language, content)));
  return outlines.flatMap(({ symbols }) => symbols);
}

function mentions(program: Program, name: string): boolean {
  const word = new RegExp(String.raw`(?<![\w$])${name.replaceAll(/[^\w]/g, String.raw`\$&`)}(?![\w$])`);
  return program.files.some(({ content }) => word.test(content));
}

function find(declared: readonly DeclaredSymbol[], name: string): DeclaredSymbol | undefined {
  return declared.find((symbol) => symbol.name === name);
}

function hasMethod(declared: readonly DeclaredSymbol[], name: string): boolean {
  const method = name.split('.').at(-1);
  return declared.some((symbol) => symbol.methods.some((each) => each.name === method));
}

function missing(name: string): string {
  return `"${name}" is missing.`;
}

/** Names a declaration that differs only in its spelling, which is the usual slip. */
function similarName(declared: readonly DeclaredSymbol[], name: string): string {
  const plain = (text: string): string => text.replaceAll('_', '').toLowerCase();
  const similar = declared.find((symbol) => plain(symbol.name) === plain(name));
  return similar === undefined ? '' : ` There is "${similar.name}", which must be named "${name}".`;
}

async function contractProblem(
  declared: readonly DeclaredSymbol[],
  contract: SymbolContract,
  language: RunnableLanguage,
): Promise<string | undefined> {
  const [name = contract.name, methodName] = contract.name.split('.');
  const actual = find(declared, name);
  const must = `It must be declared as \`${contract.signature.trim()}\`.`;
  if (actual === undefined) return `${missing(name)} ${must}${similarName(declared, name)}`;
  const signed = await readSignature(contract.signature, language);
  const wanted = signed.find((symbol) => symbol.name === name) ?? signed[0];
  if (methodName !== undefined) return methodProblem(actual, methodName, wanted, must);
  if (wanted === undefined) return undefined;
  const kind = kindProblem(actual, wanted);
  if (kind !== undefined) return `${kind} ${must}`;
  const problem = compareParameters(name, wanted.parameters, actual.parameters) ?? methodsProblem(actual, wanted);
  return problem === undefined ? undefined : `${problem} ${must}`;
}

function readSignature(signature: string, language: RunnableLanguage): Promise<readonly DeclaredSymbol[]> {
  // Contracts carry types, which only the TypeScript grammar reads.
  const grammar = language === 'python' ? 'python' : 'typescript';
  return listSymbols(grammar, rulesFor(grammar).signatureAsSource(signature)).then(({ symbols }) => symbols);
}

function methodProblem(
  owner: DeclaredSymbol,
  name: string,
  wanted: DeclaredSymbol | undefined,
  must: string,
): string | undefined {
  const method = owner.methods.find((each) => each.name === name);
  if (method === undefined) return `"${owner.name}" has no method "${name}". ${must}`;
  const receiver = wanted?.parameters?.[0]?.name;
  const parameters = receiver === 'self' || receiver === 'cls' ? wanted?.parameters?.slice(1) : wanted?.parameters;
  const problem = compareParameters(`${owner.name}.${name}`, parameters ?? null, method.parameters);
  return problem === undefined ? undefined : `${problem} ${must}`;
}

function kindProblem(actual: DeclaredSymbol, wanted: DeclaredSymbol): string | undefined {
  if (actual.kind === wanted.kind || wanted.kind === 'constant') return undefined;
  // A constant may hold a function that something made; a type may be written as a class.
  if (actual.kind === 'constant' || (wanted.kind === 'type' && actual.kind === 'class')) return undefined;
  return `"${actual.name}" is a ${actual.kind} instead of a ${wanted.kind}.`;
}

function methodsProblem(actual: DeclaredSymbol, wanted: DeclaredSymbol): string | undefined {
  for (const method of wanted.methods) {
    const own = actual.methods.find((each) => each.name === method.name);
    if (own === undefined) return `"${actual.name}" has no method "${method.name}".`;
    const problem = compareParameters(`${actual.name}.${method.name}`, method.parameters, own.parameters);
    if (problem !== undefined) return problem;
  }
  return undefined;
}
