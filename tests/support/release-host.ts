import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How the host treats whoever asks for the release file. */
export type ReleaseMood =
  | 'serve'
  /** Accepts the connection and never answers. */
  | 'silent'
  /** Sends the first half and then nothing. */
  | 'stuck'
  /** Publishes a checksum of something else. */
  | 'tampered'
  /** Claims a size that needs consent. */
  | 'huge';

/** A stand-in for the host of official releases, which also answers as an Ollama that has a model. */
export interface ReleaseHost {
  readonly url: string;
  mood: ReleaseMood;
  /** Every request so far: method, path and the range asked for. */
  readonly requests: readonly { readonly method: string; readonly path: string; readonly range: string | undefined }[];
  close(): Promise<void>;
}

const HUGE_BYTES = 600e6;

/** Starts the stand-in with one release file, whatever name it is asked for by. */
export async function startReleaseHost(file: Buffer): Promise<ReleaseHost> {
  const requests: { method: string; path: string; range: string | undefined }[] = [];
  const host = { mood: 'serve' as ReleaseMood };
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    requests.push({ method: request.method ?? '', path, range: request.headers.range });
    if (path === '/api/tags') response.end(JSON.stringify({ models: [{ name: 'some:model' }] }));
    else if (path.endsWith('/checksums.txt')) response.end(checksumsOf(file, host.mood));
    else sendFile(request, response, file, host.mood);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return Object.assign(host, { url, requests, close: () => closeServer(server) });
}

function checksumsOf(file: Buffer, mood: ReleaseMood): string {
  const hash = createHash('sha256').update(mood === 'tampered' ? 'something else' : file);
  const names = ['linux', 'darwin', 'windows'].flatMap((os) => ['amd64', 'arm64'].map((arch) => `${os}_${arch}`));
  const digest = hash.digest('hex');
  return names.map((name) => `${digest}  temporal_cli_1.5.1_${name}.tar.gz\n`).join('');
}

function sendFile(request: IncomingMessage, response: ServerResponse, file: Buffer, mood: ReleaseMood): void {
  if (mood === 'silent') return;
  const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const length = mood === 'huge' ? HUGE_BYTES : file.length - start;
  response.writeHead(start > 0 ? 206 : 200, { 'content-length': length });
  if (request.method === 'HEAD') response.end();
  else if (mood === 'stuck') response.write(file.subarray(start, start + Math.floor(file.length / 2)));
  else response.end(file.subarray(start));
}

async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
}
