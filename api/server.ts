import { setMaxListeners } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { SynthesisFailure } from '../domain/failure.ts';
import type { ApiDeps } from './api-deps.ts';
import { createApi } from './create-api.ts';
import { MAX_WAIT_SECONDS } from './wait-for-run.ts';

export interface ServerOptions extends Omit<ApiDeps, 'stopping'> {
  readonly port: number;
  /** Time that requests under way have to end when the server stops. */
  readonly shutdownGraceMs: number;
  readonly headersTimeoutMs?: number;
  readonly requestTimeoutMs?: number;
}

export interface RunningServer {
  /** Base URL, such as `http://localhost:8001`. */
  readonly url: string;
  /** Takes no new requests, ends event streams, and cuts what is left after the grace time. */
  stop(): Promise<void>;
}

// Headers come in one packet; whoever takes longer holds a socket for nothing.
const HEADERS_TIMEOUT_MS = 10_000;
// The largest body at 50 kB/s.
const REQUEST_TIMEOUT_MS = 30_000;
// How often the two limits above are looked at; Node's 30 s would triple them.
const TIMEOUT_CHECK_MS = 2_000;
// A socket without a byte: longer than the longest wait, and event streams send more often. Only a reader that never reads is cut.
const SILENCE_TIMEOUT_MS = (MAX_WAIT_SECONDS + 30) * 1_000;

/** Starts the API on its port. Errors: RequestRejected for an address that cannot be used; the message names the setting. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const stopping = new AbortController();
  // Every open event stream listens.
  setMaxListeners(0, stopping.signal);
  const app = createApi({ ...options, stopping: stopping.signal });
  const server = await openServer(app.fetch, {
    ...options,
    host: options.settings.host,
    portSetting: 'HYDRA_API_PORT',
  });
  return {
    url: server.url,
    stop() {
      stopping.abort();
      return server.stop();
    },
  };
}

/** Where a server listens, and how patient it is. */
export interface ListenOptions extends Pick<
  ServerOptions,
  'port' | 'shutdownGraceMs' | 'headersTimeoutMs' | 'requestTimeoutMs'
> {
  readonly host: string;
  /** What the port is set by. */
  readonly portSetting: 'HYDRA_API_PORT' | 'HYDRA_METRICS_PORT';
}

/** Serves with bounds on whoever is slow or silent. Errors: RequestRejected as above. */
export async function openServer(
  fetch: OpenAPIHono['fetch'],
  { host, port, portSetting, shutdownGraceMs, headersTimeoutMs, requestTimeoutMs }: ListenOptions,
): Promise<RunningServer> {
  const server = createAdaptorServer({
    fetch,
    serverOptions: {
      headersTimeout: headersTimeoutMs ?? HEADERS_TIMEOUT_MS,
      requestTimeout: requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
    },
  }) as Server;
  server.setTimeout(SILENCE_TIMEOUT_MS);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(describeListenFailure(error, host, port, portSetting)));
    server.listen(port, host, resolve);
  });
  const url = describeUrl(host, (server.address() as AddressInfo).port);
  return { url, stop: () => close(server, shutdownGraceMs) };
}

const LISTEN_FAILURES: Readonly<Record<string, (setting: string) => string>> = {
  EADDRINUSE: (setting) => `is in use by another program; free it or set ${setting} to another port`,
  EACCES: (setting) => `may not be used without more rights; set ${setting} to a port above 1024`,
  EADDRNOTAVAIL: () => 'is not an address of this machine; set HYDRA_API_HOST to one that is',
  ENOTFOUND: () => 'is not a known host name; set HYDRA_API_HOST to one that is',
};

function describeListenFailure(
  error: NodeJS.ErrnoException,
  host: string,
  port: number,
  setting: string,
): SynthesisFailure {
  const reason = LISTEN_FAILURES[error.code ?? '']?.(setting) ?? `cannot be listened on: ${error.message}`;
  return new SynthesisFailure(
    'RequestRejected',
    `Port ${port} on ${host} ${reason}.`,
    { host, port },
    { cause: error },
  );
}

/** People read and type `localhost`; a browser resolves it to the same loopback address. */
function describeUrl(host: string, port: number): string {
  const isLocal = host === '127.0.0.1' || host === '0.0.0.0' || host === '::' || host === '::1';
  const name = isLocal ? 'localhost' : host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}

// Soon enough that nobody notices, seldom enough to cost nothing.
const IDLE_CHECK_MS = 50;

/** A connection that is kept alive becomes idle when its last answer is out; it would hold the server for seconds. */
function close(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const closeIdle = setInterval(() => server.closeIdleConnections(), IDLE_CHECK_MS);
    const cut = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearInterval(closeIdle);
      clearTimeout(cut);
      resolve();
    });
  });
}
