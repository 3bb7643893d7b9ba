import { SynthesisFailure } from '../domain/failure.ts';
import { isSafePath } from '../domain/safe-path.ts';
import type { SandboxJob } from './program-runner.ts';

/** Refuses a job whose file names leave the program's folder or are not among its files. Errors: RequestRejected. */
export function checkJob(job: SandboxJob): void {
  const paths = job.files.map((file) => file.path);
  for (const path of paths)
    if (!isSafePath(path)) reject('A file name must be plain and stay inside the program.', path);
  if (new Set(paths).size < paths.length) reject('A file is there twice.', paths.join(', '));
  for (const path of namedFiles(job)) if (!paths.includes(path)) reject('This file is not part of the program.', path);
}

function namedFiles({ task }: SandboxJob): readonly string[] {
  switch (task.kind) {
    case 'tests':
      return task.testFiles;
    case 'calls':
      return task.module === null ? [] : [task.module];
    case 'import':
    case 'program':
      return [task.module];
    default:
      return task satisfies never;
  }
}

function reject(rule: string, path: string): never {
  throw new SynthesisFailure('RequestRejected', rule, { field: 'files', path });
}
