import { Agent, fetch } from 'undici';

/** A queued call may say nothing for minutes; the only limit is the one of the whole call. */
const agent = new Agent({ headersTimeout: 0, bodyTimeout: 0, connections: null });
/** LiteLLM's and Olla's own limits are ten minutes too: whoever waits longer has given up. */
const CALL_TIMEOUT_MS = 600_000;

/** Posts JSON and gives the lines of what comes back. Errors: any status but 200, and connections that break. */
export async function* streamLines(
  url: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): AsyncGenerator<string> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    dispatcher: agent,
    signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
  });
  if (response.status !== 200) throw new Error(`${response.status} ${(await response.text()).slice(0, 300)}`);
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    const lines = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines.filter((line) => line.trim() !== '');
  }
  if (rest.trim() !== '') yield rest;
}
