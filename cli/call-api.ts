import type { Problem } from '../api/problem.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import { nameOption } from './name-option.ts';

// Everything but events is answered from a local database.
export const CALL_TIMEOUT_MS = 30_000;

/** A request that posts a value as JSON. */
export function postJson(body: unknown): RequestInit {
  return { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
}

/** The JSON that the service answers with. Errors: CommandError with the exit code and what to do. */
export async function callJson<Answer>(url: string, path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await send(url, path, { signal: AbortSignal.timeout(CALL_TIMEOUT_MS), ...init });
  if (!hasType(response, 'json')) throw notHydra(url, response);
  return (await response.json()) as Answer;
}

/** The answer of the service, whatever it holds. Errors: as above; AbortError when a signal of the caller came first. */
export async function send(url: string, path: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url + path, init);
  } catch (error) {
    if (error instanceof Error && error.name === 'AbortError') throw error;
    throw describeUnreachable(url, error);
  }
  if (!response.ok) throw await describeProblem(url, response);
  return response;
}

function describeUnreachable(url: string, error: unknown): CommandError {
  const advice = 'Start the service with: hydra up';
  return new CommandError(EXIT.unreachable, `Hydra does not answer at ${url}: ${readReason(error)}.`, advice);
}

/** Why a call failed, in words. */
export function readReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'no answer in time';
  const cause: unknown = error.cause;
  if (cause instanceof AggregateError) return readReason(cause.errors[0]);
  return cause instanceof Error ? cause.message : error.message;
}

/** True for an answer of this content type. */
export function hasType(response: Response, type: string): boolean {
  return response.headers.get('content-type')?.includes(type) ?? false;
}

export function notHydra(url: string, response: Response): CommandError {
  return new CommandError(EXIT.unreachable, `What answers at ${url} is not Hydra (HTTP ${response.status}).`);
}

async function describeProblem(url: string, response: Response): Promise<CommandError> {
  if (!hasType(response, 'problem+json')) return notHydra(url, response);
  const problem = (await response.json()) as Problem;
  const rules = problem.errors?.map(({ field, rule, value }) => `  ${nameOption(field)}: ${rule} (seen: ${value})`);
  const message = rules ? [problem.title, ...rules].join('\n') : problem.detail;
  const isUsage = problem.status === 422 || problem.status === 400 || problem.status === 413;
  return new CommandError(isUsage ? EXIT.usage : EXIT.failed, message);
}
