import { isRunnable, type Language } from '../domain/language.ts';
import type { SymbolContract } from '../domain/plan.ts';
import { rulesFor } from './rules-for.ts';

/** Text of a symbol as a prompt shows it to parts that use it: signature and doc, no body. */
export function renderStub(language: Language, contract: SymbolContract): string {
  const doc = contract.doc.trim();
  if (isRunnable(language)) return rulesFor(language).stub(contract.signature.trim(), doc);
  const mark = language === 'bash' || language === 'ruby' ? '#' : '//';
  const comment = doc === '' ? '' : `${mark} ${doc.replaceAll('\n', `\n${mark} `)}\n`;
  return `${comment}${contract.signature.trim()}`;
}
