import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Settings } from '../config/settings.ts';

const foundProgram = z.object({ path: z.string(), version: z.string(), source: z.string() });

type FoundProgram = z.infer<typeof foundProgram>;

const programsSchema = z.object({
  temporal: foundProgram.nullable(),
  ollama: foundProgram.nullable(),
  /** Set when Hydra starts an Ollama of its own, because no other was found. */
  managedOllama: z.object({ url: z.string(), modelsFolder: z.string(), models: z.array(z.string()) }).nullable(),
});

/** Where set-up found the programs that Hydra starts. */
export type Programs = z.infer<typeof programsSchema>;

const NO_PROGRAMS: Programs = { temporal: null, ollama: null, managedOllama: null };

/** Reads what set-up wrote down, and puts in the paths of the settings; without a set-up only these are known. */
export async function readPrograms({ cache, programs }: Pick<Settings, 'cache' | 'programs'>): Promise<Programs> {
  const recorded = await readRecord(cache);
  return {
    ...recorded,
    temporal: placeFromSettings(programs?.temporalCli, recorded.temporal),
    ollama: placeFromSettings(programs?.ollama, recorded.ollama),
  };
}

async function readRecord(cacheFolder: string): Promise<Programs> {
  try {
    return programsSchema.parse(JSON.parse(await readFile(join(cacheFolder, 'programs.json'), 'utf8')));
  } catch {
    return NO_PROGRAMS;
  }
}

/** A setting may have changed since set-up looked. */
function placeFromSettings(path: string | undefined, recorded: FoundProgram | null): FoundProgram | null {
  if (path === undefined || path === recorded?.path) return recorded;
  return { path, version: 'of yours', source: 'settings' };
}
