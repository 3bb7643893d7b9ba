import type { ContentHash } from '../domain/ids.ts';
import type { StoreDependencies } from './dependencies.ts';
import { parseRequest, type ParsedRequest } from './parse-request.ts';
import { loadRequest } from './stored-json.ts';

/** What a request is, as far as its text tells without a model. */
export async function classifyByParser(
  deps: StoreDependencies,
  { requestHash }: { readonly requestHash: ContentHash },
): Promise<ParsedRequest> {
  return parseRequest(await loadRequest(deps.memory.artifacts, requestHash));
}
