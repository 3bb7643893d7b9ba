import type { Classification } from '../domain/classification.ts';
import { isRunnable, type Language, type RunnableLanguage } from '../domain/language.ts';
import type { Example, SynthesisRequest } from '../domain/request.ts';
import { detectLanguage } from '../languages/detect-language.ts';
import { findEntryPoints } from '../languages/find-entry-points.ts';
import { findExamples } from '../languages/find-examples.ts';
import type { ClassificationAnswer } from './prompts/classify-request.ts';

/** What can be told from the request's text alone. `sure`: asking a model would add nothing. */
export interface ParsedRequest {
  readonly classification: Classification;
  readonly sure: boolean;
}

const EXTENSIONS: Readonly<Record<Language, string>> = {
  python: 'py',
  typescript: 'ts',
  javascript: 'js',
  go: 'go',
  rust: 'rs',
  java: 'java',
  cpp: 'cpp',
  bash: 'sh',
  csharp: 'cs',
  php: 'php',
  ruby: 'rb',
};

/** Reads language, entry points and examples by parser. Examples are found, never invented. */
export async function parseRequest(request: SynthesisRequest): Promise<ParsedRequest> {
  const named = request.language ?? detectLanguage(request.prompt);
  const language = named ?? 'python';
  const facts = isRunnable(language)
    ? await readFacts(request, language)
    : { entryPoints: [], examples: request.examples };
  const classification: Classification = {
    kind: guessKind(request),
    language,
    entryPoints: facts.entryPoints,
    entryPointsBy: facts.entryPoints.length > 0 ? 'user' : 'nobody',
    examples: facts.examples,
    needs: { network: false, files: false, gui: false, packages: [] },
    complexity: request.prompt.length > 1_500 ? 'complex' : 'simple',
    decidedBy: 'parser',
    mainFile: mainFileFor(request, language, facts.entryPoints),
  };
  // With a language and a name to call, the light model could only repeat what is known.
  const sure = !isRunnable(language) || (named !== undefined && facts.entryPoints.length > 0);
  return { classification, sure };
}

async function readFacts(
  request: SynthesisRequest,
  language: RunnableLanguage,
): Promise<{ entryPoints: readonly string[]; examples: readonly Example[] }> {
  const { prompt, tests } = request;
  const entryPoints = await findEntryPoints({ prompt, language, examples: request.examples, tests });
  const found = await findExamples(prompt, language, entryPoints);
  return { entryPoints, examples: uniqueByCall([...request.examples, ...found]) };
}

function uniqueByCall(examples: readonly Example[]): readonly Example[] {
  return [...new Map(examples.map((example) => [example.call, example])).values()];
}

/** Several files are named only when the prompt says so plainly; everything else is tried as a whole first. */
function guessKind({ prompt, files }: SynthesisRequest): Classification['kind'] {
  const fileNames = new Set(prompt.match(/\b[\w-]+\.(?:py|tsx?|jsx?|mjs)\b/g));
  if (fileNames.size > 1) return 'multi_file';
  if (files.length > 0) return 'edit';
  if (/\b(?:script|program|command.line|CLI)\b/i.test(prompt)) return 'script';
  return /\b(?:class|module|library|package)\b/i.test(prompt) ? 'module' : 'function';
}

/** The user's own file comes first; else the module from which a test takes one of the names asked for. */
function mainFileFor({ files, tests }: SynthesisRequest, language: Language, entryPoints: readonly string[]): string {
  const extension = EXTENSIONS[language];
  const given = files.find((file) => file.path.endsWith(`.${extension}`));
  if (given) return given.path;
  const pattern =
    language === 'python'
      ? /^\s*from\s+(\w+)\s+import\s+([^\n]+)/gm
      : /(?:from|import)\s+['"]\.\/([\w.-]+?)(?:\.[cm]?[jt]sx?)?['"]()/g;
  const imports = tests.flatMap((test) => [...test.content.matchAll(pattern)]);
  // A relative import can only mean the program; a Python module may be any, so it has to provide a name asked for.
  const own = imports.find(([, , names]) => names === '' || entryPoints.some((name) => names?.includes(name)));
  return `${own?.[1] ?? 'main'}.${extension}`;
}

/** The parser's facts stay; the model adds what no parser can tell, the language included where the prompt names none. */
export async function parseWithModelAnswer(
  request: SynthesisRequest,
  answer: ClassificationAnswer,
): Promise<Classification> {
  const language = request.language ?? detectLanguage(request.prompt) ?? answer.language;
  const { classification: parsed } = await parseRequest({ ...request, language });
  const named = parsed.entryPointsBy === 'user';
  const entryPoints = named ? parsed.entryPoints : answer.entry_points.filter(isIdentifier);
  return {
    ...parsed,
    kind: parsed.kind === 'multi_file' || parsed.kind === 'edit' ? parsed.kind : answer.kind,
    entryPoints,
    entryPointsBy: named ? 'user' : entryPoints.length > 0 ? 'model' : 'nobody',
    needs: {
      network: answer.needs_network,
      files: answer.needs_files,
      gui: answer.needs_gui,
      packages: answer.packages,
    },
    complexity: answer.complexity,
    decidedBy: 'model',
  };
}

function isIdentifier(name: string): boolean {
  return /^[A-Za-z_$][\w$]*$/.test(name);
}
