import type { RunId } from '../../domain/ids.ts';
import { isRunnable, type RunnableLanguage } from '../../domain/language.ts';
import type { NewEntry, WorkValue } from '../../domain/memory-entry.ts';
import type { Plan, PlanPart } from '../../domain/plan.ts';
import type { Program } from '../../domain/program.ts';
import type { SynthesisRequest } from '../../domain/request.ts';
import { listSignatures } from '../../languages/list-signatures.ts';
import { hashJson } from '../../memory/content-hash.ts';
import { parseRequest } from '../parse-request.ts';
import { clip } from './clip.ts';
import { codeText, tellingLines } from './code-text.ts';
import { describeProof } from './describe-proof.ts';

/** What a request is about stands in its beginning; an embedding model reads no more of it either. */
const LONGEST_REQUEST = 2_000;
/** About 6,000 tokens: more fits beside no prompt. */
const LONGEST_CODE = 20_000;

/** One verified run with everything that its hashes stand for. */
export interface VerifiedRun {
  readonly runId: RunId;
  readonly request: SynthesisRequest;
  readonly program: Program;
  readonly plan: Plan | null;
  /** The parts that the program was merged from, with their programs. */
  readonly parts: readonly { readonly part: PlanPart; readonly program: Program }[];
}

/** The entries that a verified run gives: its program, and each part of it with its contract. */
export async function listWork({ runId, request, program, plan, parts }: VerifiedRun): Promise<readonly NewEntry[]> {
  const { language } = program;
  if (!isRunnable(language)) return [];
  const { classification } = await parseRequest({ ...request, language });
  const origin = { runId, namespace: request.namespace };
  const whole: WorkValue = {
    kind: 'work',
    language,
    request: clip(request.prompt.trim(), LONGEST_REQUEST),
    contract: plan ? describeContract(plan.parts.filter(({ file }) => file === plan.mainFile)) : '',
    code: codeText(program),
    tests: describeProof(classification, request),
  };
  const ofParts = parts.map(({ part, program: made }): Promise<NewEntry> => {
    const asked = clip([part.title, ...part.requirements].join('\n'), LONGEST_REQUEST);
    const value = { ...whole, request: asked, contract: describeContract([part]), code: codeText(made) };
    const names = part.provides.map(({ name }) => name);
    return toEntry(value, listNamed(language, made, names), origin);
  });
  const entries = [toEntry(whole, listNamed(language, program, classification.entryPoints), origin), ...ofParts];
  return (await Promise.all(entries)).filter(({ value }) => value.kind === 'work' && value.code.length <= LONGEST_CODE);
}

function listNamed(
  language: RunnableLanguage,
  { files, mainFile }: Program,
  names: readonly string[],
): Promise<readonly string[]> {
  const main = files.find(({ path }) => path === mainFile) ?? files[0];
  return listSignatures(language, main?.content ?? '', names);
}

/** One entry for each code, however its lines are spaced and commented. */
async function toEntry(
  value: WorkValue,
  signatures: Promise<readonly string[]>,
  origin: Pick<NewEntry, 'runId' | 'namespace'>,
): Promise<NewEntry> {
  const text = [value.request, value.contract, ...(await signatures)].filter(Boolean).join('\n');
  const key = hashJson({ language: value.language, lines: tellingLines(value.code) });
  return { ...origin, kind: 'work', key, value, text, expiresAt: null };
}

function describeContract(parts: readonly PlanPart[]): string {
  const symbols = parts.flatMap(({ provides }) => provides);
  return symbols.map(({ signature, doc }) => `${signature}: ${doc}`).join('\n');
}
