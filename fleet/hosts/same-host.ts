import type { NodeAddress } from '../../domain/node.ts';

const LOOPBACK = /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\]|\[::\]|0\.0\.0\.0)$/;
const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };

/** The addresses without those that name a host, or use an ID, that an earlier one has. */
export function uniqueHosts<Node extends NodeAddress>(
  addresses: readonly Node[],
  keyOf: (url: string) => string = hostKey,
): readonly Node[] {
  const seen = new Set<string>();
  return addresses.filter((address) => {
    const names = [`id ${address.id}`, `url ${keyOf(address.url)}`];
    const isKnown = names.some((name) => seen.has(name));
    if (!isKnown) for (const name of names) seen.add(name);
    return !isKnown;
  });
}

/** Equal for URLs that reach the same server: all loopback names are one, a missing port is the protocol's, case is ignored. */
export function hostKey(url: string): string {
  const parsed = new URL(url);
  const host = LOOPBACK.test(parsed.hostname) ? 'localhost' : parsed.hostname;
  const port = parsed.port || (DEFAULT_PORTS[parsed.protocol] ?? '');
  return `${host}:${port}${parsed.pathname.replace(/\/+$/, '')}`;
}
