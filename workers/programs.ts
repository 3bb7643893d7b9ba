import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const foundProgram = z.object({ path: z.string(), version: z.string(), source: z.string() });

const programsSchema = z.object({
  temporal: foundProgram.nullable(),
  ollama: foundProgram.nullable(),
  /** Set when Hydra starts an Ollama of its own, because no other was found. */
  managedOllama: z.object({ url: z.string(), modelsFolder: z.string(), models: z.array(z.string()) }).nullable(),
});

/** Where set-up found the programs that Hydra starts. */
export type Programs = z.infer<typeof programsSchema>;

const NO_PROGRAMS: Programs = { temporal: null, ollama: null, managedOllama: null };

/** Reads what set-up wrote down; without a set-up nothing is known. */
export async function readPrograms(cacheFolder: string): Promise<Programs> {
  try {
    return programsSchema.parse(JSON.parse(await readFile(join(cacheFolder, 'programs.json'), 'utf8')));
  } catch {
    return NO_PROGRAMS;
  }
}
