import { z } from '@hono/zod-openapi';
import type { EntryAnswer, RetentionReport, TierStatus } from '../memory/entry-ports.ts';
import type { ImportReport } from './api-deps.ts';
import { entrySchema, toWireEntry } from './wire-entry.ts';

const lagSchema = z.object({
  rows: z.int().openapi({ description: 'Changes that it has not confirmed yet.' }),
  oldest_at: z.string().nullable().openapi({ description: 'Null: nothing waits.' }),
  dead_letters: z.int().openapi({ description: 'Changes that it refused again and again; a rebuild brings them.' }),
});

const tierSchema = z
  .object({
    tier: z.enum(['L1', 'L2', 'L3', 'L4']),
    name: z.enum(['redis', 'sqlite', 'postgres', 'chroma', 'sqlite-vectors']),
    state: z.enum(['up', 'down', 'off']).openapi({ description: 'off: no setting names it.' }),
    is_record: z.boolean().openapi({ description: 'True: the system of record; everything else is a copy of it.' }),
    detail: z.string().openapi({ description: 'Why it is down, or what is less than it could be.' }),
    latency_ms: z.number().nullable().openapi({ description: 'Of the last call that was answered.' }),
    entries: z.int().nullable(),
    hit_rate: z.number().nullable().openapi({
      description: 'Share of reads that it answered since this process started; null before the first.',
    }),
    lag: lagSchema.nullable().openapi({ description: 'How far it is behind; null for the record.' }),
  })
  .openapi('Tier');

export const memoryStatusSchema = z.object({ tiers: z.array(tierSchema) }).openapi('MemoryStatus');

const foundSchema = z.object({
  entry: entrySchema,
  score: z.number().openapi({ description: 'Higher is better; comparable within one answer only.' }),
  found_by: z.array(z.enum(['text', 'vector'])),
  distance: z.number().nullable().openapi({
    description: 'Cosine distance, 0 to 2; null when only the words matched.',
  }),
});

export const memoryAnswerSchema = z
  .object({
    found: z.array(foundSchema),
    degraded: z
      .array(z.enum(['no-embedding-model', 'vectors-not-ready', 'vectors-in-sqlite', 'no-vectors']))
      .openapi({ description: 'Why this is less than it could be; empty when everything was asked.' }),
  })
  .openapi('MemoryAnswer');

export const retentionSchema = z
  .object({
    dry_run: z.boolean().openapi({ description: 'True: nothing was removed, only counted.' }),
    expired: z.int(),
    aged: z.int().openapi({ description: 'Not written again for longer than memory keeps things.' }),
    over_limit: z.int().openapi({ description: 'The oldest ones, for which there is no room.' }),
    tombstones: z.int().openapi({ description: 'Marks of deleted entries that no copy needs any more.' }),
  })
  .openapi('RetentionReport');

export const importReportSchema = z
  .object({
    adopted: z.int(),
    known: z.int().openapi({ description: 'Left out: what is here is as new, or was deleted.' }),
    refused: z.int().openapi({ description: 'Lines that are no entry.' }),
    problems: z
      .array(z.object({ line: z.int(), problem: z.string() }))
      .openapi({ description: 'The first hundred of these lines; the first line is 1.' }),
  })
  .openapi('ImportReport');

export type WireTier = z.infer<typeof tierSchema>;
export type WireMemoryStatus = z.infer<typeof memoryStatusSchema>;
export type WireMemoryAnswer = z.infer<typeof memoryAnswerSchema>;
export type WireRetention = z.infer<typeof retentionSchema>;
export type WireImportReport = z.infer<typeof importReportSchema>;

export function toWireTier({ lag, ...status }: TierStatus): WireTier {
  return {
    tier: status.tier,
    name: status.name,
    state: status.state,
    is_record: status.isRecord,
    detail: status.detail,
    latency_ms: status.latencyMs,
    entries: status.entries,
    hit_rate: status.hitRate,
    lag: lag && { rows: lag.rows, oldest_at: lag.oldestAt, dead_letters: lag.deadLetters },
  };
}

export function toWireAnswer({ found, degraded }: EntryAnswer): WireMemoryAnswer {
  return {
    found: found.map(({ entry, score, foundBy, distance }) => ({
      entry: toWireEntry(entry),
      score,
      found_by: [...foundBy],
      distance,
    })),
    degraded: [...degraded],
  };
}

export function toWireRetention(report: RetentionReport, isDryRun: boolean): WireRetention {
  const { expired, aged, overLimit, tombstones } = report;
  return { dry_run: isDryRun, expired, aged, over_limit: overLimit, tombstones };
}

export function toWireImport({ adopted, known, refused, problems }: ImportReport): WireImportReport {
  return { adopted, known, refused, problems: problems.map((problem) => ({ ...problem })) };
}
