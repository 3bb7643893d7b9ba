import { mkdir, writeFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { transform } from 'esbuild';
import type { SourceFile } from '../domain/request.ts';
import type { SandboxJob, SandboxTask } from './program-runner.ts';

/**
 * Put at the end of a module so that expressions see its names, exported or not. The driver takes what is handed over.
 */
const SCOPE_LINE = '\n;globalThis[Symbol.for("hydra.scope")]?.((__expression) => eval(__expression));\n';
/** Put before a program's first line: it is loaded by the driver and shall still find itself to be the main module. */
const MAIN_PREFIX = { module: 'import.meta.main = true; ', commonJs: 'require.main = module; ' };

/** Writes the files of a JavaScript or TypeScript program, with the small additions that its task needs. */
export async function writeProgram(job: SandboxJob, folder: string): Promise<void> {
  for (const file of job.files) {
    const path = join(folder, file.path);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, addForTask(file, job.task), { mode: 0o644 });
  }
}

function addForTask(file: SourceFile, task: SandboxTask): string {
  if (task.kind === 'calls' && file.path === task.module) return file.content + SCOPE_LINE;
  const isProgram = task.kind === 'program' && file.path === task.module;
  return isProgram ? addPrefix(file) : file.content;
}

function addPrefix({ path, content }: SourceFile): string {
  const firstLine = /^#!.*\n/u.exec(content)?.[0] ?? '';
  const prefix = usesCommonJs(path, content) ? MAIN_PREFIX.commonJs : MAIN_PREFIX.module;
  return firstLine + prefix + content.slice(firstLine.length);
}

/** True for a file in the older module form of Node. */
export function usesCommonJs(path: string, content: string): boolean {
  const isOld = /\bmodule\.exports\b|\bexports\.\w+\s*=|\brequire(?:\.main\b|\s*\()/u.test(content);
  const isNew = /^\s*(?:import\b(?!\s*\()|export\b)|\bimport\.meta\b/mu.test(content);
  return path.endsWith('.cjs') || (path.endsWith('.js') && isOld && !isNew);
}

/** The task as the driver needs it: expressions without their types. */
export async function encodeTask(job: SandboxJob): Promise<SandboxTask> {
  const { task } = job;
  if (task.kind !== 'calls' || job.language !== 'typescript') return task;
  return { ...task, expressions: await Promise.all(task.expressions.map(stripTypes)) };
}

/** JavaScript for a TypeScript expression; what does not parse stays as it is and fails where it is evaluated. */
async function stripTypes(expression: string): Promise<string> {
  try {
    const { code } = await transform(`(${expression}\n)`, { loader: 'ts', target: 'esnext' });
    return code.trim().replace(/;$/u, '');
  } catch {
    return expression;
  }
}

/**
 * The import map of one process. Deno checks no right to read for static imports, so every file outside the program and the
 * runtime is mapped to nowhere.
 */
export function importMapFor(programFolder: string, runtimeFolder: string, expectFile: string): string {
  const urlOf = (path: string): string => pathToFileURL(path).href;
  const allowed = [`${urlOf(programFolder)}/`, `${urlOf(runtimeFolder)}/`, urlOf(expectFile)];
  const testNames = urlOf(join(runtimeFolder, 'test-names.ts'));
  const libraries = ['vitest', '@jest/globals', 'bun:test', 'node:test', 'expect'];
  return JSON.stringify({
    imports: {
      'file:///': 'file:///outside-of-the-program/',
      ...Object.fromEntries(allowed.map((url) => [url, url])),
      ...Object.fromEntries(
        builtinModules.filter((name) => !name.startsWith('_')).map((name) => [name, `node:${name}`]),
      ),
      ...Object.fromEntries(libraries.map((name) => [name, testNames])),
    },
  });
}
