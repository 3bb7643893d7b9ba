import type { RunnableLanguage } from '../domain/language.ts';
import type { Program } from '../domain/program.ts';
import { checkTypes } from './check-types.ts';
import { lintProgram } from './lint.ts';
import type { ToolOptions, ToolReport } from './tool-report.ts';

/** The checkers that look at a program without running it. */
export interface StaticTools {
  lint(program: RunnableProgram, options: ToolOptions): Promise<ToolReport>;
  checkTypes(program: RunnableProgram, options: ToolOptions): Promise<ToolReport>;
}

type RunnableProgram = Program & { readonly language: RunnableLanguage };

/** The checkers that come with Hydra. */
export const STATIC_TOOLS: StaticTools = { lint: lintProgram, checkTypes };
