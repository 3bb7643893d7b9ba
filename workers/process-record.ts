import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';

const identitySchema = z.object({ pid: z.int().positive(), startedAt: z.string() });

const recordSchema = z.object({
  process: identitySchema,
  /** The Hydra process that looks after it. */
  owner: identitySchema,
  /** Program and arguments: with others it is not the same server. */
  command: z.array(z.string()),
});

/** What is written down of a process that we started, so that a later Hydra finds it. */
export type ProcessRecord = z.infer<typeof recordSchema>;

/** Reads a record; null where there is none or where it cannot be read. */
export function readProcessRecord(file: string): ProcessRecord | null {
  try {
    return recordSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return null;
  }
}

/** Writes a record in one step: a reader sees the old one or the new one. */
export function writeProcessRecord(file: string, record: ProcessRecord): void {
  mkdirSync(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}.tmp`;
  writeFileSync(draft, `${JSON.stringify(record, null, 2)}\n`);
  renameSync(draft, file);
}

export function removeProcessRecord(file: string): void {
  rmSync(file, { force: true });
}
