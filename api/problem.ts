import { STATUS_CODES } from 'node:http';
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { FAILURES, SynthesisFailure } from '../domain/failure.ts';
import type { FailureReport } from '../domain/failure.ts';
import type { FieldError } from './describe-issues.ts';

const fieldErrorSchema = z.object({ field: z.string(), rule: z.string(), value: z.string() });

/** An error as RFC 9457 describes it. */
export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string().openapi({ description: 'Stable name of the failure, for programs.' }),
    errors: z.array(fieldErrorSchema).optional(),
    details: z.record(z.string(), z.unknown()),
  })
  .openapi('Problem');

export type Problem = z.infer<typeof problemSchema>;

/** How a problem is declared in the OpenAPI document. */
export const problemContent = { 'application/problem+json': { schema: problemSchema } };

// Long enough for a slot to become free or a server to restart, short enough for a person to wait.
const RETRY_AFTER_SECONDS = 5;

/** Turns every error of the API into a problem. `report` gets what is a bug of ours; the caller never sees its text. */
export function createErrorHandler(report: (error: unknown) => void) {
  return (error: unknown, context: Context): Response => {
    if (error instanceof SynthesisFailure) return respondWithFailure(context, error);
    if (error instanceof HTTPException) return respondWithStatus(context, error);
    report(error);
    const failure = new SynthesisFailure(
      'InvariantBroken',
      "The request failed unexpectedly; the service's log says why.",
    );
    return respondWithFailure(context, failure);
  };
}

function respondWithFailure(context: Context, failure: SynthesisFailure): Response {
  const { status, meaning, retry } = FAILURES[failure.type];
  const { errors, details } = separateErrors(failure.details);
  if (retry === 'backoff') context.header('Retry-After', String(RETRY_AFTER_SECONDS));
  return respond(context, {
    type: `urn:hydra:failure:${failure.type}`,
    title: meaning,
    status,
    detail: failure.message,
    code: failure.type,
    ...(errors.length > 0 && { errors }),
    details,
  });
}

/** A broken rule is told the same way, whether a schema noticed it (a list) or a store (one rule). */
function separateErrors(facts: FailureReport['details']): Pick<Problem, 'details'> & { readonly errors: FieldError[] } {
  const { errors, ...others } = facts;
  if (Array.isArray(errors)) return { errors: errors as FieldError[], details: others };
  const { field, rule, value, ...details } = facts;
  if (typeof field !== 'string' || typeof rule !== 'string') return { errors: [], details: facts };
  return { errors: [{ field, rule, value: String(value) }], details };
}

/** Statuses of HTTP itself, which no run can fail with. */
function respondWithStatus(context: Context, error: HTTPException): Response {
  const title = STATUS_CODES[error.status] ?? 'Error';
  return respond(context, {
    type: 'about:blank',
    title,
    status: error.status,
    detail: error.message === '' ? title : error.message,
    code: title.replaceAll(/[^A-Za-z]/g, ''),
    details: {},
  });
}

function respond(context: Context, problem: Problem): Response {
  return context.body(JSON.stringify(problem), problem.status as ContentfulStatusCode, {
    'Content-Type': 'application/problem+json',
  });
}
