import { get } from 'node:http';
import type { Target } from './list-targets.ts';

/** Asks whether an Ollama answers there. Never rejects: whatever goes wrong, it is none. */
export type ProbeTarget = (target: Target, signal: AbortSignal) => Promise<boolean>;

/** Ollama's answer has some twenty bytes. */
const MAX_ANSWER_BYTES = 4 * 1024;

/** Tells an Ollama by the answer to `/api/version`: status 200, JSON, a version, and little of it. Follows no redirect. */
export const probeTarget: ProbeTarget = ({ host, port }, signal) =>
  new Promise((resolve) => {
    // A connection of its own, closed after it: most of those that are asked are never asked again.
    const request = get({ host, port, path: '/api/version', agent: false, signal }, (response) => {
      const type = response.headers['content-type'] ?? '';
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => {
        text += piece;
        if (text.length <= MAX_ANSWER_BYTES) return;
        resolve(false);
        request.destroy();
      });
      response.on('end', () => resolve(response.statusCode === 200 && type.includes('json') && hasVersion(text)));
      response.on('close', () => resolve(false));
    });
    request.on('error', () => resolve(false));
  });

function hasVersion(text: string): boolean {
  try {
    const answer: unknown = JSON.parse(text);
    if (typeof answer !== 'object' || answer === null || !('version' in answer)) return false;
    return typeof answer.version === 'string' && /^\d/.test(answer.version);
  } catch {
    return false;
  }
}
