import type { Language } from './language.ts';
import type { SourceFile } from './request.ts';

/** A program as files. Stored as an artifact; everything else refers to it by content hash. */
export interface Program {
  readonly language: Language;
  readonly mainFile: string;
  readonly files: readonly SourceFile[];
}
