import { BlockList, isIP } from 'node:net';

/** The base URL of a node in one spelling, or the rule that the text breaks. */
export type CheckedNodeUrl =
  { readonly ok: true; readonly url: string } | { readonly ok: false; readonly rule: string };

/** Addresses that no Ollama has and that a foreign node URL must not reach, with what they are. */
const REFUSED_RANGES: Readonly<Record<string, readonly string[]>> = {
  'a link-local address, where clouds keep their credentials': ['169.254.0.0/16', 'fe80::/10'],
  // Alibaba, Oracle, Azure; AWS, Google and Scaleway over IPv6.
  'the metadata service of a cloud': [
    '100.100.100.200/32',
    '192.0.0.192/32',
    '168.63.129.16/32',
    'fd00:ec2::254/128',
    'fd20:ce::254/128',
    'fd00:42::42/128',
  ],
  'no address of a host': ['0.0.0.0/8'],
  'a multicast address': ['224.0.0.0/4', 'ff00::/8'],
  'a reserved or broadcast address': ['240.0.0.0/4'],
  // They carry an IPv4 address inside: unspecified and IPv4-compatible, Teredo, 6to4, NAT64 of one's own.
  'an IPv4 address in disguise': ['::/96', '2001::/32', '2002::/16', '64:ff9b:1::/48'],
};
/** NAT64 names any IPv4 address; such as stand for a refused one are refused. */
const NAT64_PREFIX = '64:ff9b::';
const IPV4_BITS_FROM = 96;

/** Names by which clouds call their metadata services. */
const METADATA_NAMES: ReadonlySet<string> = new Set([
  'metadata',
  'metadata.google.internal',
  'metadata.goog',
  'instance-data',
  'instance-data.ec2.internal',
  'metadata.tencentyun.com',
]);

/** Below this ports belong to system services; those of the web are the exceptions. */
const FIRST_FREE_PORT = 1024;
const WEB_PORTS: readonly number[] = [80, 443];
const LAST_PORT = 65_535;
/** What `fetch` never calls above 1023, so that a model call would fail. Source: fetch standard, "bad port". */
const NEVER_FETCHED: ReadonlySet<number> = new Set([
  1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10_080,
]);

const OLLAMA_PORT = '11434';

const loopback = toBlockList(['127.0.0.0/8', '::1/128']);
const refused = Object.entries(REFUSED_RANGES).map(
  ([what, ranges]) => [what, toBlockList(ranges.flatMap(withTranslation))] as const,
);

/**
 * Checks the URL of a node that somebody asks for over the API, against forged requests: Hydra calls it from where it stands.
 * Private and loopback addresses are what Ollama hosts have and are allowed. What a name resolves to is checked at each
 * connection by `refuseHost`.
 * Shape: `http://gpu-2:11434`, always with a port, without a trailing slash; numbers of any base are dotted decimals.
 */
export function checkNodeUrl(text: string): CheckedNodeUrl {
  const form = brokenForm(text);
  if (form !== null) return { ok: false, rule: form };
  const { protocol, hostname, port, pathname } = new URL(text);
  const number = Number(port || (protocol === 'https:' ? 443 : 80));
  const refusal = refuseHost(hostname);
  const rule = brokenPort(number) ?? (refusal === null ? null : `another host: ${refusal}`);
  if (rule !== null) return { ok: false, rule };
  return { ok: true, url: `${protocol}//${hostname}:${number}${pathname.replace(/\/$/, '')}` };
}

/**
 * Says why Hydra never connects to this host, such as `169.254.1.1 is a link-local address`; null: it may.
 * Takes a name, an address as a resolver gives it, or the host part of a URL.
 */
export function refuseHost(host: string): string | null {
  const name = host
    .replace(/^\[|\]$/g, '')
    .replace(/%.*$/, '')
    .replace(/\.+$/, '')
    .toLowerCase();
  const what = METADATA_NAMES.has(name) ? 'the metadata service of a cloud' : refusedRangeOf(name);
  return what === null ? null : `${name} is ${what}`;
}

/** `http://gpu-2:11434` is `gpu-2`; another port than Ollama's own is told apart. Shape: fit for a Temporal queue name. */
export function nameFromUrl(url: string): string {
  const { hostname, port } = new URL(url);
  const name = hostname.replace(/[^a-z0-9._-]/gi, '-').replace(/^[^a-z0-9]+/i, '') || 'node';
  return port === OLLAMA_PORT ? name : [name, port].filter((part) => part !== '').join('-');
}

/** What a URL parser would silently repair is refused before: its reading and that of others may differ. */
function brokenForm(text: string): string | null {
  const [, authority, path = ''] = /^https?:\/\/([^/?#\\]*)(.*)$/is.exec(text) ?? [];
  if (authority === undefined) return 'a URL that starts with http:// or https://';
  if (authority.includes('@')) return 'a URL without user name or password; give the token apart';
  if (/[?#]/.test(path)) return 'a URL without query and fragment';
  if (!/^(\/[\w~-][\w.~-]*)*\/?$/.test(path)) return 'a path of plain names, such as /ollama, or none';
  const isHost = /^(\[[\da-f:.]+\]|[\w.-]+)(:\d+)?$/i.test(authority) && URL.canParse(text);
  return isHost ? null : 'a host name or an IP address, with a port from 1 to 65535 or none';
}

function brokenPort(port: number): string | null {
  const isOpen = port >= FIRST_FREE_PORT && port <= LAST_PORT && !NEVER_FETCHED.has(port);
  return isOpen || WEB_PORTS.includes(port) ? null : 'port 80, 443, or one from 1024 that belongs to no other protocol';
}

function refusedRangeOf(address: string): string | null {
  const version = isIP(address);
  if (version === 0) return null;
  const family = version === 4 ? 'ipv4' : 'ipv6';
  if (loopback.check(address, family)) return null;
  return refused.find(([, ranges]) => ranges.check(address, family))?.[0] ?? null;
}

/** An IPv4 range also in the spelling of NAT64; IPv4-mapped IPv6 is known to the list itself. */
function withTranslation(range: string): readonly string[] {
  const [address = '', prefix] = range.split('/');
  return isIP(address) === 6 ? [range] : [range, `${NAT64_PREFIX}${address}/${IPV4_BITS_FROM + Number(prefix)}`];
}

function toBlockList(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', prefix] = range.split('/');
    list.addSubnet(address, Number(prefix), isIP(address) === 4 ? 'ipv4' : 'ipv6');
  }
  return list;
}
