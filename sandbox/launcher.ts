import type { RunnableLanguage } from '../domain/language.ts';
import type { Launch } from './process/sandbox-process.ts';
import type { RunnerDescription, SandboxLimits } from './program-runner.ts';

/** How an adapter starts processes; everything else is the same for all adapters. */
export interface Launcher {
  readonly description: RunnerDescription;
  /** Writes what the start needs into a temporary folder of its own and says how to start. Errors: SandboxFault. */
  prepareLaunch(language: RunnableLanguage, limits: SandboxLimits): Promise<Launch>;
}
