import type { Language } from '../domain/language.ts';

/** What the answer was asked to contain. */
export interface ExtractionRequest {
  readonly language: Language;
  readonly mainFile: string;
  /** Files asked for; a fence that names one of them is that file. */
  readonly expectedFiles?: readonly string[];
}
