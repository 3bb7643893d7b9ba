import type { MiddlewareHandler } from 'hono';
import { createMiddleware } from 'hono/factory';
import { HTTPException } from 'hono/http-exception';

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]'];
// Bound to every address: no name of its own.
const WILDCARD_HOSTS = ['0.0.0.0', '::', '[::]'];
const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS'];
// No user information, no path: `localhost@evil.test` must not pass as a host.
const HOST_SHAPE = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?$/i;

/** Host names that the API answers to: loopback, the bound host, and what the settings add. */
export function listAllowedHosts(boundHost: string, allowedHosts: readonly string[]): ReadonlySet<string> {
  const own = WILDCARD_HOSTS.includes(boundHost) ? [] : [boundHost.includes(':') ? `[${boundHost}]` : boundHost];
  return new Set([...LOOPBACK_NAMES, ...own, ...allowedHosts].map((name) => name.toLowerCase()));
}

/**
 * Refuses requests that name a host which is not ours, before anything else is looked at: a web page whose name was re-bound to
 * this machine (DNS rebinding) gives itself away by its Host header.
 */
export function checkHost(allowed: ReadonlySet<string>): MiddlewareHandler {
  return createMiddleware(async (context, next) => {
    const target = new URL(context.req.url).host;
    const hosts = [target, context.req.header('host') ?? target];
    if (!hosts.every((host) => isAllowed(host, allowed))) {
      throw new HTTPException(403, {
        message: `Host "${hosts.at(-1)?.slice(0, 100)}" is not served here; HYDRA_ALLOWED_HOSTS lists the names that are.`,
      });
    }
    await next();
  });
}

function isAllowed(host: string, allowed: ReadonlySet<string>): boolean {
  const name = HOST_SHAPE.exec(host)?.[1];
  return name !== undefined && allowed.has(name.toLowerCase());
}

/** Refuses changes that another site's page asks for. Commands and servers send neither header. */
export function checkOrigin(): MiddlewareHandler {
  return createMiddleware(async (context, next) => {
    if (!SAFE_METHODS.includes(context.req.method) && isCrossSite(context.req.header.bind(context.req))) {
      throw new HTTPException(403, { message: 'Requests from other web sites are refused.' });
    }
    await next();
  });
}

// With or without a suffix type and parameters: application/json; charset=utf-8.
const JSON_TYPE = /^application\/(?:[a-z.-]+\+)?json\s*(?:;|$)/i;

/** Refuses a body that is not declared as JSON: a form on another site's page can send any other. */
export function requireJson(): MiddlewareHandler {
  return requireType(JSON_TYPE, 'JSON with the header Content-Type: application/json');
}

/** What JSON Lines are declared as. */
export const JSON_LINES = 'application/jsonl';
const JSON_LINES_TYPE = /^application\/(?:jsonl|x-ndjson|x-jsonlines)\s*(?:;|$)/i;

/** Refuses a body that is not declared as JSON Lines, for the same reason. */
export function requireJsonLines(): MiddlewareHandler {
  return requireType(JSON_LINES_TYPE, `JSON Lines with the header Content-Type: ${JSON_LINES}`);
}

function requireType(shape: RegExp, wanted: string): MiddlewareHandler {
  return createMiddleware(async (context, next) => {
    const type = context.req.header('content-type') ?? '';
    if (!shape.test(type)) {
      const seen = type === '' ? 'none' : `"${type.slice(0, 100)}"`;
      throw new HTTPException(415, { message: `Send the body as ${wanted}; seen: ${seen}.` });
    }
    await next();
  });
}

function isCrossSite(header: (name: string) => string | undefined): boolean {
  const site = header('sec-fetch-site');
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true;
  const origin = header('origin');
  return origin !== undefined && readHost(origin) !== header('host');
}

function readHost(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}
