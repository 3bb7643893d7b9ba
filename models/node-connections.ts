import { lookup as lookUpName } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { createSecureContext, rootCertificates } from 'node:tls';
import { Agent, buildConnector } from 'undici';

import type { NodeAddress } from '../domain/node.ts';
import { refuseHost } from '../fleet/hosts/node-url.ts';
import { ADDRESS_REFUSED } from './connect-problem.ts';

/** Kept connections to hosts, each checked when it is opened. */
export interface NodeConnections {
  /** The connections to hosts that trust the same certificate authority as this one. */
  to(node: NodeAddress): Agent;
  close(): Promise<void>;
}

/** How names of hosts are resolved: by the system where it is not given. */
export interface NameLookup {
  readonly lookUp?: LookupFunction;
}

/** How connections are kept; what is not given is the HTTP client's own. */
export interface NodeConnectionOptions extends NameLookup {
  readonly keepAliveMs?: number;
  readonly maxResponseBytes?: number;
}

/** A host on the network answers in milliseconds; a host that sleeps never does. */
const CONNECT_TIMEOUT_MS = 5_000;

/**
 * Connections that are opened only to addresses that an Ollama may have. The address is checked after the name has been
 * resolved, and the checked one is what is connected to: a name that resolves to something else a moment later gains nothing.
 * The HTTP client's own time limits (300 s to the headers, 300 s between two chunks) are off: loading a large model takes
 * longer, and every call has deadlines of its own.
 */
export function createNodeConnections(options: NodeConnectionOptions = {}): NodeConnections {
  const byAuthority = new Map<string | undefined, Agent>();
  return {
    to({ tls }) {
      const authority = tls?.certificateAuthority;
      const agent = byAuthority.get(authority) ?? createAgent(options, authority);
      byAuthority.set(authority, agent);
      return agent;
    },
    async close() {
      await Promise.all([...byAuthority.values()].map((agent) => agent.close()));
    },
  };
}

function createAgent({ keepAliveMs, maxResponseBytes, lookUp }: NodeConnectionOptions, authority?: string): Agent {
  return new Agent({
    headersTimeout: 0,
    bodyTimeout: 0,
    ...(keepAliveMs === undefined ? {} : { keepAliveTimeout: keepAliveMs }),
    ...(maxResponseBytes === undefined ? {} : { maxResponseSize: maxResponseBytes }),
    connect: createConnector(lookUp ?? lookUpName, authority),
  });
}

function createConnector(lookUp: LookupFunction, authority?: string): buildConnector.connector {
  const connect = buildConnector({
    timeout: CONNECT_TIMEOUT_MS,
    lookup: lookUpAllowed(lookUp),
    ...(authority === undefined ? {} : { secureContext: trusting(authority) }),
  });
  return (options, callback) => {
    // A name is looked up, an address is not: it is checked here.
    const refusal = refuseHost(options.hostname);
    if (refusal === null) connect(options, callback);
    else callback(refusedAddress(refusal), null);
  };
}

/** Also the usual authorities: a host may move to a public certificate. */
function trusting(authority: string): ReturnType<typeof createSecureContext> {
  return createSecureContext({ ca: [...rootCertificates, authority] });
}

/** Leaves out refused addresses, since a name of the local network often has a link-local one beside its own. */
function lookUpAllowed(lookUp: LookupFunction): LookupFunction {
  return (hostname, options, callback) => {
    lookUp(hostname, { ...options, all: true }, (error, found) => {
      if (error) return callback(error, []);
      const addresses = typeof found === 'string' ? [{ address: found, family: 0 }] : found;
      const allowed = addresses.filter(({ address }) => refuseHost(address) === null);
      const [first] = allowed;
      if (first === undefined) return callback(refusedAddress(describeRefusal(hostname, addresses)), []);
      if (options.all === true) return callback(null, allowed);
      return callback(null, first.address, first.family);
    });
  };
}

function describeRefusal(hostname: string, addresses: readonly { readonly address: string }[]): string {
  const reasons = addresses.map(({ address }) => `${hostname} resolves to ${address}, and ${refuseHost(address)}`);
  return reasons.join('; ') || `${hostname} resolves to no address`;
}

function refusedAddress(reason: string): Error {
  return Object.assign(new Error(`Hydra never connects there: ${reason}`), { code: ADDRESS_REFUSED });
}
