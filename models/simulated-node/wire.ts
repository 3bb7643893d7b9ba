import type { IncomingMessage, ServerResponse } from 'node:http';

/** A refusal in the form of Ollama: a status and `{"error": …}`. */
export interface Refusal {
  readonly status: number;
  readonly error: string;
}

export type JsonObject = Readonly<Record<string, unknown>>;

/** Bodies above this are refused; a real prompt is far below. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const text = JSON.stringify(value);
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

export function refuse(response: ServerResponse, { status, error }: Refusal): void {
  sendJson(response, status, { error });
}

export function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

/** The body as an object, or the refusal that the real host gives. */
export async function readJsonBody(request: IncomingMessage): Promise<{ readonly body: JsonObject } | Refusal> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > MAX_BODY_BYTES) return { status: 400, error: 'http: request body too large' };
    chunks.push(chunk);
  }
  if (sizeBytes === 0) return { status: 400, error: 'missing request body' };
  try {
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { body: value as JsonObject };
    return { status: 400, error: `json: cannot unmarshal ${typeof value} into Go value of type api.ChatRequest` };
  } catch {
    return { status: 400, error: 'unexpected EOF' };
  }
}

export function isRefusal(value: object): value is Refusal {
  return 'status' in value && 'error' in value;
}

/** A field that is a text; empty otherwise. */
export function textOf(body: JsonObject, field: string): string {
  const value = body[field];
  return typeof value === 'string' ? value : '';
}
