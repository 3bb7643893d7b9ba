import { z } from '@hono/zod-openapi';
import { SynthesisFailure } from '../domain/failure.ts';
import type { RunId } from '../domain/ids.ts';
import type { Program } from '../domain/program.ts';
import type { RunRecord } from '../domain/run.ts';
import type { ArtifactStore, RunStore } from '../memory/ports.ts';

/** Path parameter of everything about one run. */
export const runParams = z.object({ id: z.string().openapi({ description: 'The workflow_id of the run.' }) });

/** Errors: RunNotFound. */
export async function requireRun(runs: RunStore, id: string): Promise<RunRecord> {
  const run = await runs.find(id as RunId);
  if (run === undefined) {
    throw new SynthesisFailure('RunNotFound', `No run has the ID "${id.slice(0, 100)}".`, {
      workflow_id: id.slice(0, 200),
    });
  }
  return run;
}

/** The program that a run made; undefined when it made none. */
export async function readProgram(artifacts: ArtifactStore, run: RunRecord): Promise<Program | undefined> {
  const hash = run.result?.programHash;
  const text = hash ? await artifacts.getText(hash) : undefined;
  return text === undefined ? undefined : (JSON.parse(text) as Program);
}
