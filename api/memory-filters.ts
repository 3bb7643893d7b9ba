import { z } from '@hono/zod-openapi';
import { ENTRY_KINDS, SEARCHED_KINDS } from '../domain/memory-entry.ts';
import { DEFAULT_NAMESPACE, NAMESPACE, NAMESPACE_RULE } from '../domain/namespace.ts';
import { describeIssues } from './describe-issues.ts';
import { rejectRequest } from './reject-request.ts';

/** A SHA-256 in hexadecimal, or enough of its beginning to be the only one. */
const ENTRY_ID = /^[0-9a-f]{8,64}$/;
const FULL_ENTRY_ID = /^[0-9a-f]{64}$/;
// An embedding model reads a thousand words at most.
const MAX_QUERY_CHARACTERS = 4_000;
const MAX_FOUND = 100;
const MAX_PAGE = 200;

const namespace = z
  .string()
  .regex(NAMESPACE, { error: `must be ${NAMESPACE_RULE}` })
  .optional();

const kind = z.enum(ENTRY_KINDS).optional();

/** Postgres takes no text with one. */
const hasNoNull = (text: string): boolean => !text.includes('\0');
const NO_NULL = { error: 'must not contain a null character' };

/** Query of `GET /memory/search`. */
export const searchQuerySchema = z.strictObject({
  q: z
    .string()
    .max(MAX_QUERY_CHARACTERS)
    .refine((text) => text.trim() !== '', { error: 'must not be empty' })
    .refine(hasNoNull, NO_NULL)
    .openapi({ description: 'Words, or what it is about.' }),
  namespace: namespace.openapi({ description: `Default "${DEFAULT_NAMESPACE}".` }),
  kind: z.enum(SEARCHED_KINDS).optional().openapi({ description: 'Default: both.' }),
  mode: z
    .enum(['hybrid', 'text', 'vector'])
    .optional()
    .openapi({ description: 'text: the words; vector: the meaning; default hybrid: both.' }),
  limit: z.coerce.number().int().min(1).max(MAX_FOUND).optional().openapi({ description: 'Default 10.' }),
});

/** Query of `GET /memory/entries`. */
export const listQuerySchema = z.strictObject({
  namespace: namespace.openapi({ description: 'Default: all.' }),
  kind: kind.openapi({ description: 'Default: all.' }),
  run: z
    .string()
    .min(1)
    .max(200)
    .refine(hasNoNull, NO_NULL)
    .optional()
    .openapi({ description: 'The workflow_id of a run: only what it has left.' }),
  limit: z.coerce.number().int().min(1).max(MAX_PAGE).optional().openapi({ description: 'Default 50.' }),
  cursor: z
    .string()
    .regex(FULL_ENTRY_ID, { error: 'must be the next_cursor of the page before' })
    .optional()
    .openapi({ description: 'next_cursor of the page before.' }),
});

/** Query of `GET /memory/export`. */
export const exportQuerySchema = listQuerySchema.pick({ namespace: true, kind: true });

/** Query of `POST /memory/gc`. */
export const retentionQuerySchema = z.strictObject({
  dry_run: z
    .enum(['true', 'false'])
    .optional()
    .openapi({ description: 'true: nothing is removed, only counted. Default false.' }),
});

/** Path parameter of one entry. */
export const entryParamsSchema = z.object({
  id: z
    .string()
    .regex(ENTRY_ID, { error: 'must be 8 to 64 hexadecimal digits' })
    .openapi({ description: 'ID of the entry, or its first 8 or more digits.' }),
});

/** True for an ID that is not shortened. */
export function isWholeId(id: string): boolean {
  return FULL_ENTRY_ID.test(id);
}

type CheckedFilter =
  | { readonly success: true }
  | { readonly success: false; readonly error: { readonly issues: readonly z.core.$ZodIssue[] } };

/** Refuses a query or an ID that breaks a rule of this schema. Errors: FilterRejected. */
export function refuseBrokenFilter(schema: z.ZodObject) {
  return (result: CheckedFilter): undefined => {
    if (result.success) return;
    const input = 'data' in result ? result.data : undefined;
    throw rejectRequest(describeIssues(result.error.issues, input, Object.keys(schema.shape)), 'FilterRejected');
  };
}
