import type { ContentHash } from '../domain/ids.ts';
import type { SynthesisRequest } from '../domain/request.ts';
import { hashJson } from './content-hash.ts';

/** What shapes an answer beside the request itself. */
export interface AnswerShape {
  /** Models after resolution, by role, such as `{ light: 'qwen3:1.7b' }`. */
  readonly models: Readonly<Record<string, string | readonly string[]>>;
  /** Temperature that applies when the request names none. */
  readonly temperature: number;
  readonly contextTokens: number;
  /** Changes with every change of a prompt. */
  readonly promptsVersion: string;
  /** Changes with every change of what verification checks. */
  readonly verifierVersion: string;
}

/**
 * The key of exact recall: a hash of everything that shapes the answer, so that no change of it is ever served an old one.
 * Left out, because only whole verified results are recalled: priority, namespace, `fresh`, and the limits that merely end a run early
 * (model calls, tokens, minutes).
 */
export function createRecallKey(request: SynthesisRequest, shape: AnswerShape): ContentHash {
  const { prompt, limits, priority: _priority, namespace: _namespace, fresh: _fresh, ...rest } = request;
  return hashJson({
    ...rest,
    prompt: trimLineEnds(prompt),
    temperature: request.temperature ?? shape.temperature,
    limits: { parts: limits.parts, repairRounds: limits.repairRounds },
    shape: {
      models: shape.models,
      contextTokens: shape.contextTokens,
      promptsVersion: shape.promptsVersion,
      verifierVersion: shape.verifierVersion,
    },
  });
}

/** Line ends are all that is normalised: any other change of a prompt may change what it asks for. */
function trimLineEnds(text: string): string {
  return text
    .split(/\r\n|\r|\n/)
    .map((line) => line.trimEnd())
    .join('\n')
    .trimEnd();
}
