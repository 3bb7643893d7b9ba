import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Clock } from '../clock.ts';
import { hostKey } from './same-host.ts';

/** Knows which names and addresses are the same host. */
export interface HostNames {
  /** Looks up the names in these URLs that are not known, or not any more; waits for the answers, but not long. */
  learn(urls: readonly string[]): Promise<void>;
  /** As `hostKey` of `same-host.ts`, and equal also for names of one address and for all addresses of this machine. */
  readonly hostKey: (url: string) => string;
}

export interface HostNamesDependencies {
  readonly clock: Clock;
  /** Addresses of a name; the system's resolver where it is not given. */
  readonly resolve?: (name: string) => Promise<readonly string[]>;
  /** Addresses of this machine; those of its interfaces where it is not given. */
  readonly ownAddresses?: () => readonly string[];
}

/** A host that gets another address is the same host again after so long. */
const KNOWN_FOR_MS = 60_000;
/** A resolver that is gone takes many seconds; meanwhile names are compared as they are written. */
const LOOKUP_WAIT_MS = 1_000;

/** What is known of a name. While a lookup is under way, what was known before holds. */
interface Known {
  readonly addresses: readonly string[];
  readonly until: number;
}

/** Creates the knowledge of names. A name that cannot be looked up is its own host. */
export function createHostNames(deps: HostNamesDependencies): HostNames {
  const { clock, resolve = resolveBySystem, ownAddresses = listOwnAddresses } = deps;
  const known = new Map<string, Known>();
  const pending = new Set<string>();
  /** Keys are asked for again and again; they hold until something else is known. */
  const keys = new Map<string, string>();
  let own: Known = { addresses: [], until: 0 };

  /** A laptop changes its network. */
  function knowOwnAddresses(): void {
    if (own.until > clock.now()) return;
    own = { addresses: ownAddresses(), until: clock.now() + KNOWN_FOR_MS };
    keys.clear();
  }

  async function lookUp(name: string): Promise<void> {
    pending.add(name);
    const addresses = await resolve(name).catch((): readonly string[] => []);
    known.set(name, { addresses, until: clock.now() + KNOWN_FOR_MS });
    pending.delete(name);
    keys.clear();
  }

  function makeKey(url: string): string {
    if (!isOneHostPerAddress(url)) return hostKey(url);
    const host = hostOf(url);
    const address = isIP(host) === 0 ? firstAddress(known.get(host)?.addresses ?? []) : host;
    if (address === undefined) return hostKey(url);
    return hostKey(withHost(url, own.addresses.includes(address) ? 'localhost' : address));
  }

  return {
    async learn(urls) {
      const names = new Set(urls.filter(isOneHostPerAddress).map(hostOf));
      const unknown = [...names].filter((name) => isIP(name) === 0 && (known.get(name)?.until ?? 0) <= clock.now());
      const fresh = unknown.filter((name) => !pending.has(name));
      if (fresh.length > 0) await notLongerThan(LOOKUP_WAIT_MS, Promise.all(fresh.map(lookUp)), clock);
    },
    hostKey: (url) => {
      knowOwnAddresses();
      const key = keys.get(url) ?? makeKey(url);
      keys.set(url, key);
      return key;
    },
  };
}

/** Behind TLS or the port of the web one address may be a gate to several hosts, which are told apart by name. */
function isOneHostPerAddress(url: string): boolean {
  const { protocol, port } = new URL(url);
  return protocol === 'http:' && port !== '';
}

/** Without brackets; an IPv4 address in the form of IPv6 becomes one. */
function hostOf(url: string): string {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  return toIpv4(host) ?? host;
}

function toIpv4(address: string): string | null {
  const [, high = '', low = ''] = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/i.exec(address) ?? [];
  if (low === '') return null;
  return [high, low].flatMap((part) => [Number(`0x${part}`) >> 8, Number(`0x${part}`) & 255]).join('.');
}

function withHost(url: string, host: string): string {
  const changed = new URL(url);
  changed.hostname = isIP(host) === 6 ? `[${host}]` : host;
  return changed.href;
}

/** The lowest, IPv4 first, whatever order the resolver gives them in. */
function firstAddress(addresses: readonly string[]): string | undefined {
  return addresses
    .map((address) => toIpv4(address) ?? address)
    .toSorted((a, b) => isIP(a) - isIP(b) || (a < b ? -1 : 1))[0];
}

async function resolveBySystem(name: string): Promise<readonly string[]> {
  return (await lookup(name, { all: true })).map(({ address }) => address);
}

function listOwnAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((addresses) => addresses?.map(({ address }) => address) ?? []);
}

async function notLongerThan(limitMs: number, work: Promise<unknown>, clock: Clock): Promise<void> {
  let cancelTimer = (): void => undefined;
  const limit = new Promise<void>((resolve) => {
    cancelTimer = clock.setTimer(limitMs, resolve);
  });
  await Promise.race([work, limit]);
  cancelTimer();
}
