import type { NetworkInterfaceInfo } from 'node:os';
import { BlockList, isIP } from 'node:net';
import { nameFromUrl } from '../hosts/node-url.ts';

/** A place where an Ollama may be. */
export interface Target {
  readonly host: string;
  readonly port: number;
  /** Name of the node, should there be one. */
  readonly name: string;
}

/** The interfaces of a machine, as Node.js lists them. */
export type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

const LOOPBACK_HOST = '127.0.0.1';
/** A /24 has so many addresses; of a larger subnet it is the /24 around this machine that is looked through. */
const BLOCK_SIZE = 256;

const privateRanges = new BlockList();
privateRanges.addSubnet('10.0.0.0', 8);
privateRanges.addSubnet('172.16.0.0', 12);
privateRanges.addSubnet('192.168.0.0', 16);

/**
 * Bridges between this machine and its own containers and virtual machines. An Ollama there is published at this machine's
 * own port as a rule, and would be found twice.
 */
const CONTAINER_BRIDGE = /^(docker|br-|veth|virbr|vboxnet|vmnet|cni|podman|lxc|lxd|incus)/;

/** The hosts to ask: this machine first, then each address of its private IPv4 subnets, at most a /24 of each. */
export function listHosts(interfaces: Interfaces): readonly string[] {
  const own = Object.entries(interfaces).flatMap(([name, addresses]) =>
    CONTAINER_BRIDGE.test(name) ? [] : (addresses ?? []),
  );
  const subnets = own.filter(({ family, internal, address }) => family === 'IPv4' && !internal && isPrivate(address));
  return [...new Set([LOOPBACK_HOST, ...subnets.flatMap(listSubnet)])];
}

/** Every host with every port; those of one port together, so that the usual one is asked first. */
export function listTargets(hosts: readonly string[], ports: readonly number[]): readonly Target[] {
  return ports.flatMap((port) => hosts.map((host) => ({ host, port, name: nameTarget(host, port) })));
}

/** The base URL of a target. */
export function urlOf({ host, port }: Target): string {
  return `http://${host}:${port}`;
}

function nameTarget(host: string, port: number): string {
  return nameFromUrl(`http://${host === LOOPBACK_HOST ? 'localhost' : host}:${port}`);
}

function isPrivate(address: string): boolean {
  return isIP(address) === 4 && privateRanges.check(address);
}

/** Without the addresses of the network itself and of its broadcast. */
function listSubnet({ address, netmask }: NetworkInterfaceInfo): readonly string[] {
  const own = toNumber(address);
  const size = Math.min(BLOCK_SIZE, 2 ** 32 - toNumber(netmask));
  const first = own - (own % size);
  const all = Array.from({ length: size }, (_, index) => toText(first + index));
  // A subnet of one or two addresses has no network and no broadcast address.
  return size > 2 ? all.slice(1, -1) : all;
}

function toNumber(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

function toText(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}
