import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { identifyProcess, isAlive } from '../sandbox/process-identity.ts';

const recordSchema = z.object({
  process: z.object({ pid: z.int().positive(), startedAt: z.string() }),
  apiUrl: z.string(),
  webUiUrl: z.string().nullable(),
});

/** The service that runs in a home: its process and its addresses. */
export type ServiceRecord = z.infer<typeof recordSchema>;

const fileIn = (home: string): string => join(home, 'hydra.json');

/** The service that runs in this home, or null. What a killed process left behind counts for nothing. */
export async function findService(home: string): Promise<ServiceRecord | null> {
  try {
    const record = recordSchema.parse(JSON.parse(readFileSync(fileIn(home), 'utf8')));
    return (await isAlive(record.process)) ? record : null;
  } catch {
    return null;
  }
}

/** Says that this process is the service of the home. */
export async function announceService(home: string, addresses: Omit<ServiceRecord, 'process'>): Promise<void> {
  const identity = await identifyProcess(process.pid);
  if (!identity) return;
  mkdirSync(home, { recursive: true });
  const draft = `${fileIn(home)}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify({ process: identity, ...addresses }, null, 2)}\n`);
  renameSync(draft, fileIn(home));
}

export function withdrawService(home: string): void {
  rmSync(fileIn(home), { force: true });
}
