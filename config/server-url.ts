import { accepted, refused, type Parsed } from './parse-values.ts';

/** Ports that these servers have where nothing else is said. */
export const REDIS_PORT = 6379;
export const POSTGRES_PORT = 5432;

/** What an address says of a server; undefined: nothing. */
export interface ServerParts {
  readonly host: string;
  readonly port: number;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly database: string | undefined;
}

/** An address of a Redis, as ioredis takes it. */
export function redisUrl(text: string): Parsed<string> {
  const isRight = /^rediss?:\/\//.test(text) && hasHost(text) && /^(\/\d*)?$/.test(new URL(text).pathname);
  return isRight
    ? accepted(text)
    : refused('an address such as redis://localhost:6379 or rediss://:password@host:6379/0');
}

/** An address of a Postgres, as its own tools take it; a socket folder may stand as `?host=`. */
export function postgresUrl(text: string): Parsed<string> {
  const isRight = /^postgres(ql)?:\/\//.test(text) && hasHost(text) && namesDatabase(new URL(text));
  return isRight ? accepted(text) : refused('an address such as postgres://user:password@localhost:5432/hydra');
}

/** A name of a database or of its user. Postgres itself takes up to 63 bytes. */
export function databaseName(text: string): Parsed<string> {
  return /^[\w.-]{1,63}$/.test(text)
    ? accepted(text)
    : refused('a name of letters, digits, dots, hyphens and underscores');
}

/** Takes an address apart that was accepted. */
export function readServerUrl(text: string, defaultPort: number): ServerParts {
  const { hostname, port, username, password, pathname, searchParams } = new URL(text);
  const given = (value: string): string | undefined => (value === '' ? undefined : decodeURIComponent(value));
  return {
    host: searchParams.get('host') ?? decodeURIComponent(hostname).replace(/^\[|\]$/g, ''),
    port: port === '' ? defaultPort : Number(port),
    user: searchParams.get('user') ?? given(username),
    password: searchParams.get('password') ?? given(password),
    database: given(pathname.slice(1)),
  };
}

/** Puts an address together; a password may hold any letters. */
export function writeServerUrl(scheme: 'redis' | 'postgres', parts: ServerParts): string {
  const { host, port, user = '', password, database } = parts;
  const secret = password === undefined ? '' : `:${encodeURIComponent(password)}`;
  const login = user === '' && secret === '' ? '' : `${encodeURIComponent(user)}${secret}@`;
  const path = database === undefined ? '' : `/${encodeURIComponent(database)}`;
  return `${scheme}://${login}${host.includes(':') ? `[${host}]` : host}:${port}${path}`;
}

function hasHost(text: string): boolean {
  if (!URL.canParse(text) || !canDecode(text)) return false;
  const { hostname, port, searchParams } = new URL(text);
  return port !== '0' && (hostname !== '' || Boolean(searchParams.get('host')));
}

/** A percent sign in a password must be written as %25. */
function canDecode(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

function namesDatabase({ pathname }: URL): boolean {
  return /^\/[^/]+$/.test(pathname);
}
