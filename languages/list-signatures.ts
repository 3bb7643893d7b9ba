import type { RunnableLanguage } from '../domain/language.ts';
import type { DeclaredSymbol, Parameter } from './outline.ts';
import { listSymbols } from './parse.ts';

/**
 * Signatures of the functions with these names that the source declares, or of its first public function when it declares
 * none of them. Written in one form, so that programs that agree on names and types give the same text.
 */
export async function listSignatures(
  language: RunnableLanguage,
  source: string,
  names: readonly string[],
): Promise<readonly string[]> {
  const { symbols } = await listSymbols(language, source);
  const functions = symbols.filter((symbol) => symbol.kind === 'function' && symbol.exported);
  const named = functions.filter((symbol) => names.includes(symbol.name));
  return (named.length > 0 ? named : functions.slice(0, 1)).map((symbol) => renderSignature(language, symbol));
}

function renderSignature(language: RunnableLanguage, { name, parameters }: DeclaredSymbol): string {
  const render = language === 'python' ? renderPython : renderTypeScript;
  return `${language === 'python' ? 'def' : 'function'} ${name}(${(parameters ?? []).map(render).join(', ')})`;
}

function renderPython({ name, type, optional, variadic }: Parameter): string {
  if (variadic) return `*${name}`;
  return `${name}${type === null ? '' : `: ${type}`}${optional ? ' = None' : ''}`;
}

function renderTypeScript({ name, type, optional, variadic }: Parameter): string {
  const annotation = type === null ? '' : `: ${type}`;
  return variadic ? `...${name}${annotation}` : `${name}${optional ? '?' : ''}${annotation}`;
}
