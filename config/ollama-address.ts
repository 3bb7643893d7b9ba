import { accepted, refused, type Parsed } from './parse-values.ts';

const RULE = 'host, host:port or http(s)://host:port';
/** Ollama's own port, and what it takes when the address names a scheme. */
const DEFAULT_PORTS: Readonly<Record<string, string>> = { '': '11434', http: '80', https: '443' };
/** "Listen everywhere" is no address to connect to. */
const CONNECTABLE: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '[::]': '[::1]' };

/**
 * Reads an address as Ollama reads OLLAMA_HOST, and makes it one that can be connected to.
 * Shape: a base URL without a trailing slash, such as `http://gpu-2:11434`.
 * Source: ollama/envconfig/config.go, `Host()`; where Ollama falls back on a bad port, this refuses.
 */
export function parseOllamaAddress(text: string): Parsed<string> {
  const bare = text.trim().replace(/^["']|["']$/g, '');
  const [, scheme = '', authority = '', path = ''] = /^(?:(https?):\/\/)?([^/]*)(\/.*)?$/i.exec(bare) ?? [];
  if (authority === '' && path !== '') return refused(RULE);
  if (authority.includes('@')) return refused('an address without user name or password; name a token in nodes.yaml');
  const parts = splitHostAndPort(authority);
  if (parts === null || bare.includes('://') !== (scheme !== '')) return refused(RULE);
  const host = CONNECTABLE[parts.host] ?? parts.host;
  return toBaseUrl(scheme.toLowerCase(), host, parts.port, path.replace(/\/+$/, ''));
}

function toBaseUrl(scheme: string, host: string, givenPort: string, path: string): Parsed<string> {
  const port = givenPort === '' ? (DEFAULT_PORTS[scheme] ?? '') : givenPort;
  if (Number(port) < 1 || Number(port) > 65_535) return refused('a port from 1 to 65535');
  const url = `${scheme === '' ? 'http' : scheme}://${host}:${port}${path}`;
  return URL.canParse(url) ? accepted(url) : refused(RULE);
}

/** Splits `host:port`, `[v6]:port`, a bare IPv6 address, `:port` or a bare host; null when it is none of them. */
function splitHostAndPort(authority: string): { host: string; port: string } | null {
  if (/^[\da-f]*:[\da-f.]*:[\da-f:.]*$/i.test(authority)) return { host: `[${authority}]`, port: '' };
  const match = /^(\[[\da-f:.]+\]|[\w.-]*)(?::(\d+))?$/i.exec(authority);
  if (match === null) return null;
  const [, host = '', port = ''] = match;
  return { host: host === '' ? '127.0.0.1' : host, port };
}
