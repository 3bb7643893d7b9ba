import type { ChatMessage } from '../../models/language-model.ts';
import type { Plan, PlanPart } from '../../domain/plan.ts';
import type { SynthesisRequest } from '../../domain/request.ts';
import { renderStub } from '../../languages/stub.ts';
import { isRunnable } from '../../domain/language.ts';
import { describeExamples, describeMaterial, fence, FILE_FORM, LANGUAGE_NAMES } from './shared-text.ts';

/**
 * Asks for one part: its contract in full, and stubs of what it uses instead of their bodies. `offered` is what memory has of
 * similar work, already fenced.
 */
export function writePartPrompt(
  request: SynthesisRequest,
  plan: Plan,
  part: PlanPart,
  offered = '',
): readonly ChatMessage[] {
  const language = LANGUAGE_NAMES[plan.language];
  const user = [
    `We build this together, in ${language}:\n${fence(request.prompt)}`,
    `The whole: ${plan.summary}`,
    describeMaterial(request),
    offered,
    describeSharedTypes(plan),
    describeUses(plan, part),
    `Your part is "${part.title}", in the file \`${part.file}\`. It must provide exactly:`,
    part.provides.map((symbol) => `- \`${symbol.signature}\`: ${symbol.doc}`).join('\n'),
    part.requirements.length > 0 ? `It must:\n${part.requirements.map((line) => `- ${line}`).join('\n')}` : '',
    describeExamples(part.examples),
    'Write only this part. Import what it uses; do not write it again.',
  ];
  return [
    { role: 'system', content: `You are an expert ${language} programmer. ${FILE_FORM}` },
    { role: 'user', content: user.filter(Boolean).join('\n\n') },
  ];
}

function describeSharedTypes(plan: Plan): string {
  if (plan.sharedTypes.length === 0) return '';
  const types = plan.sharedTypes.map((type) => `${type.declaration}  (in ${type.file}; ${type.doc})`);
  return `Types that all parts share:\n${fence(types.join('\n'))}`;
}

function describeUses(plan: Plan, part: PlanPart): string {
  const stubs = part.uses.flatMap((use) => {
    const provider = plan.parts.find((other) => other.id === use.part);
    const symbol = provider?.provides.find((one) => one.name === use.symbol);
    if (!provider || !symbol || !isRunnable(plan.language)) return [];
    return [`${commentMark(plan)} in ${provider.file}\n${renderStub(plan.language, symbol)}`];
  });
  return stubs.length > 0 ? `It may use these, which others write:\n${fence(stubs.join('\n\n'))}` : '';
}

function commentMark(plan: Plan): string {
  return plan.language === 'python' ? '#' : '//';
}
