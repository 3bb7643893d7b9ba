import type { Language } from './language.ts';
import type { Example } from './request.ts';

export const REQUEST_KINDS = ['function', 'script', 'module', 'multi_file', 'edit', 'question'] as const;
export type RequestKind = (typeof REQUEST_KINDS)[number];

/** What a request is, as far as parser and light model can tell before any code exists. */
export interface Classification {
  readonly kind: RequestKind;
  readonly language: Language;
  /** Names the finished program must provide, such as `fibonacci`. */
  readonly entryPoints: readonly string[];
  /** Who named them: only the user's names are a rule, a model's are a wish that keeps candidates comparable. */
  readonly entryPointsBy: 'user' | 'model' | 'nobody';
  readonly examples: readonly Example[];
  readonly needs: {
    readonly network: boolean;
    readonly files: boolean;
    readonly gui: boolean;
    readonly packages: readonly string[];
  };
  readonly complexity: 'simple' | 'moderate' | 'complex';
  /** Who decided: the parser alone, or the light model with the parser's facts kept. */
  readonly decidedBy: 'parser' | 'model' | 'fallback';
  /** The program's main file, such as `main.py`. */
  readonly mainFile: string;
}
