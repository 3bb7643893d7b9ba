import { createRoute, z } from '@hono/zod-openapi';
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { ApiDeps } from './api-deps.ts';
import { checkExamples } from './check-examples.ts';
import { problemContent } from './problem.ts';
import { rejectRequest } from './reject-request.ts';
import { readProgram } from './run-params.ts';
import { submitRun } from './submit-run.ts';
import { MAX_WAIT_SECONDS, readPreferredWait, waitForRun } from './wait-for-run.ts';
import { createGenerateBodySchema, toSynthesisRequest } from './wire-request.ts';
import { acceptedSchema, runSchema, statusPath, toAccepted, toWireRun } from './wire-run.ts';

function describeRoute(deps: ApiDeps) {
  return createRoute({
    method: 'post',
    path: '/generate',
    summary: 'Ask for code',
    description:
      'Answers 202 once the request cannot be lost any more. With `Prefer: wait=N` or `?wait=N` (at most ' +
      `${MAX_WAIT_SECONDS} s) it waits and answers 200 with the finished run, or 202 when it is not finished by then. ` +
      'The same Idempotency-Key with the same body gives the same run.',
    request: {
      query: z.object({ wait: z.coerce.number().int().min(0).optional() }),
      headers: z.object({ 'idempotency-key': z.string().min(1).max(255).optional(), prefer: z.string().optional() }),
      body: { required: true, content: { 'application/json': { schema: createGenerateBodySchema(deps.settings) } } },
    },
    responses: {
      200: { description: 'The finished run.', content: { 'application/json': { schema: runSchema } } },
      202: { description: 'Accepted.', content: { 'application/json': { schema: acceptedSchema } } },
      400: { description: 'The body is no JSON.', content: problemContent },
      413: { description: 'The body is too large.', content: problemContent },
      415: { description: 'The body is not declared as JSON.', content: problemContent },
      422: { description: 'A rule is broken; `errors` names field, rule and value.', content: problemContent },
      503: { description: 'Too many open runs, or a required part is away; see Retry-After.', content: problemContent },
    },
  });
}

/** `POST /generate`. */
export function addGenerateRoute(app: OpenAPIHono, deps: ApiDeps): void {
  const submitDeps = { memory: deps.memory, runs: deps.runs, maxOpenRuns: deps.settings.maxOpenRuns };

  app.openapi(describeRoute(deps), async (context) => {
    const body = context.req.valid('json');
    const headers = context.req.valid('header');
    const request = toSynthesisRequest(body, deps.settings);
    const problems = await checkExamples(request);
    if (problems.length > 0) throw rejectRequest(problems);
    const { runId, replayed } = await submitRun(submitDeps, {
      body,
      request,
      idempotencyKey: headers['idempotency-key'],
    });
    context.header('Location', statusPath(runId));
    if (replayed) context.header('Idempotency-Replayed', 'true');

    const preferred = readPreferredWait(headers.prefer);
    const wait = Math.min(context.req.valid('query').wait ?? preferred ?? 0, MAX_WAIT_SECONDS);
    if (preferred !== undefined) context.header('Preference-Applied', `wait=${wait}`);
    const signal = AbortSignal.any([context.req.raw.signal, ...(deps.stopping ? [deps.stopping] : [])]);
    const finished = wait > 0 ? await waitForRun(deps.memory.runs, runId, wait * 1_000, signal) : undefined;
    if (finished) return context.json(toWireRun(finished, await readProgram(deps.memory.artifacts, finished)), 200);

    const current = await deps.memory.runs.find(runId);
    return context.json(toAccepted(runId, current?.status ?? 'queued'), 202);
  });
}
