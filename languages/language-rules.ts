import type { Gap } from './gap.ts';
import type { Outline } from './outline.ts';
import type { SyntaxNode } from './syntax.ts';

/** Where the languages differ; everything else is common. */
export interface LanguageRules {
  /** What a file declares, imports and does on load. */
  readonly outline: (root: SyntaxNode) => Outline;
  /** Bodies and comments that stand for code left out. */
  readonly gaps: (root: SyntaxNode) => readonly Gap[];
  /** Names that are always bound, so that an expression with only these needs nothing of the prompt. */
  readonly builtins: ReadonlySet<string>;
  /** Those of them that reach outside the program. */
  readonly effects: ReadonlySet<string>;
  /** The declaration of a contract without its body. */
  readonly stub: (signature: string, doc: string) => string;
  /** A signature with a body, so that it parses as a declaration. */
  readonly signatureAsSource: (signature: string) => string;
}
