import type { RunnableLanguage } from '../domain/language.ts';
import { DEFAULT_LIMITS } from './default-limits.ts';
import type { ProgramRunner, SandboxJob } from './program-runner.ts';

const PROBES: Readonly<Record<RunnableLanguage, { readonly path: string; readonly content: string }>> = {
  python: { path: 'probe.py', content: 'def add(a, b):\n    return a + b\n' },
  typescript: { path: 'probe.ts', content: 'export const add = (a: number, b: number): number => a + b;\n' },
  javascript: { path: 'probe.js', content: 'export const add = (a, b) => a + b;\n' },
};

/** Why programs in this language do not run here; null when they do: it runs one. */
export async function probeLanguage(runner: ProgramRunner, language: RunnableLanguage): Promise<string | null> {
  const file = PROBES[language];
  const task = { kind: 'calls', module: file.path, expressions: ['add(1, 1)'] } as const;
  const job: SandboxJob = { language, files: [file], task, limits: DEFAULT_LIMITS };
  try {
    const report = await runner.run(job, new AbortController().signal);
    const [call] = report.calls;
    if (call?.ended === 'value' && call.canonical === '2') return null;
    return `${language}: ${report.loadError ?? report.ending}. ${report.output.trim()}`.trim();
  } catch (error) {
    return `${language}: ${describe(error)}`;
  }
}

function describe(error: unknown): string {
  const details = error instanceof Error && 'details' in error ? (error.details as { readonly output?: unknown }) : {};
  const output = typeof details.output === 'string' ? ` ${details.output.trim()}` : '';
  return `${error instanceof Error ? error.message : String(error)}${output}`;
}
