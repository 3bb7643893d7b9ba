import type { RunnableLanguage } from '../domain/language.ts';
import type { LanguageRules } from './language-rules.ts';
import { pythonRules } from './python.ts';
import { typescriptRules } from './typescript.ts';

/** The rules of a language that Hydra runs. */
export function rulesFor(language: RunnableLanguage): LanguageRules {
  return language === 'python' ? pythonRules : typescriptRules;
}
