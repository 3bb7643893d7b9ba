import { createServer, type RequestListener } from 'node:http';
import { createServer as createSocketServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { NetworkInterfaceInfo } from 'node:os';
import { afterEach, describe, expect, test } from 'vitest';
import type { DiscoverySettings } from '../../config/settings.ts';
import { createSystemClock } from '../../fleet/clock.ts';
import { createDiscovery, type Discovery, type DiscoveryDependencies } from '../../fleet/discovery/discovery.ts';
import { listHosts, listTargets } from '../../fleet/discovery/list-targets.ts';
import { probeTarget, type ProbeTarget } from '../../fleet/discovery/probe-target.ts';
import { startSimulatedNode, type SimulatedNode } from '../../models/simulated-node/start-simulated-node.ts';
import { waitUntil } from '../support/wait-until.ts';
import { createManualClock, settle } from './fleet-manual-clock.ts';

/** A subnet on this machine: Linux and Windows answer on all of 127.0.0.0/8, macOS on 127.0.0.1 alone. */
const SUBNET = Array.from({ length: 39 }, (_, index) => `127.0.0.${index + 2}`);
const SETTINGS: DiscoverySettings = { enabled: true, ports: [1], timeoutMs: 10_000, intervalMs: 50 };

const running: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const part of running.splice(0).toReversed()) await part.close();
});

async function startNode(host: string, port = 0): Promise<SimulatedNode> {
  const node = await startSimulatedNode({ host, port });
  running.push(node);
  return node;
}

const portOf = (node: SimulatedNode): number => Number(new URL(node.url).port);

async function listen(server: Server, host: string, port: number): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  running.push({
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  });
  return (server.address() as AddressInfo).port;
}

function discover(deps: Partial<DiscoveryDependencies> & { readonly change?: Partial<DiscoverySettings> }): Discovery {
  const { change, ...rest } = deps;
  const clock = createSystemClock();
  const settings = { ...SETTINGS, ...change };
  const discovery = createDiscovery({ slots: 2, clock, isDown: () => true, hosts: () => SUBNET, ...rest, settings });
  running.push({ close: () => discovery.stop() });
  discovery.start();
  return discovery;
}

const idsOf = (discovery: Discovery): readonly string[] => discovery.nodes().map(({ id }) => id);

/** Counts how many are asked, and how many at once. */
function countProbes(probe: ProbeTarget = probeTarget) {
  const seen = { asked: 0, inFlight: 0, mostInFlight: 0 };
  const counting: ProbeTarget = async (target, signal) => {
    seen.asked += 1;
    seen.inFlight += 1;
    seen.mostInFlight = Math.max(seen.mostInFlight, seen.inFlight);
    return probe(target, signal).finally(() => (seen.inFlight -= 1));
  };
  return { seen, probe: counting };
}

describe.skipIf(process.platform === 'darwin')('a look through a subnet', () => {
  test('finds the Ollama hosts and nothing else, in time, with at most 32 asked at once', async () => {
    const first = await startNode('127.0.0.7');
    const port = portOf(first);
    await startNode('127.0.0.9', port);
    await startNode('127.0.0.40', port);
    await listen(
      createServer((_request, response) => response.end('<html>It works!</html>')),
      '127.0.0.11',
      port,
    );
    await listen(
      createSocketServer(() => undefined),
      '127.0.0.12',
      port,
    );
    await listen(
      createSocketServer((socket) => socket.end('SSH-2.0-x\r\n')),
      '127.0.0.13',
      port,
    );
    const { seen, probe } = countProbes();
    const startedAt = performance.now();
    const discovery = discover({ probe, change: { ports: [port], timeoutMs: 20_000, intervalMs: 60_000 } });
    await waitUntil(() => seen.asked === SUBNET.length && seen.inFlight === 0);
    // Nobody was waited for until the time of a probe is over.
    expect(performance.now() - startedAt).toBeLessThan(20_000);
    expect(seen.mostInFlight).toBeLessThanOrEqual(32);
    expect(idsOf(discovery).toSorted()).toEqual([`127.0.0.40-${port}`, `127.0.0.7-${port}`, `127.0.0.9-${port}`]);
    expect(discovery.nodes().find(({ id }) => id.startsWith('127.0.0.7'))).toEqual({
      id: `127.0.0.7-${port}`,
      url: `http://127.0.0.7:${port}`,
      slots: 2,
    });
  });

  test('finds a node that appears later', async () => {
    const port = portOf(await startNode('127.0.0.2'));
    const discovery = discover({ change: { ports: [port] } });
    await waitUntil(() => idsOf(discovery).length === 1);
    await startNode('127.0.0.30', port);
    await waitUntil(() => idsOf(discovery).length === 2);
    expect(idsOf(discovery)).toEqual([`127.0.0.2-${port}`, `127.0.0.30-${port}`]);
  });

  test('goes over all ports', async () => {
    const one = await startNode('127.0.0.5');
    const other = await startNode('127.0.0.5');
    const discovery = discover({ change: { ports: [portOf(one), portOf(other)] } });
    await waitUntil(() => idsOf(discovery).length === 2);
    expect(discovery.nodes().map(({ url }) => url)).toEqual(expect.arrayContaining([one.url, other.url]));
  });

  test('that has too little time goes on where the last one stopped', async () => {
    const asked = new Set<string>();
    const silent: ProbeTarget = ({ host }, signal) => {
      asked.add(host);
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve(false), { once: true }));
    };
    const hosts = Array.from({ length: 400 }, (_, index) => `10.0.${index >> 8}.${index & 255}`);
    const clock = createManualClock();
    discover({ clock, probe: silent, hosts: () => hosts, change: { timeoutMs: 1_000, intervalMs: 5_000 } });
    await clock.advance(1_000);
    expect(asked.size).toBeLessThan(200);
    for (let look = 0; look < 4; look += 1) await clock.advance(6_000);
    expect(asked.size).toBe(400);
  });

  test('ends at once when it is stopped', async () => {
    const silent: ProbeTarget = (_target, signal) =>
      new Promise((resolve) => signal.addEventListener('abort', () => resolve(false), { once: true }));
    const clock = createManualClock();
    const discovery = discover({ clock, probe: silent });
    await settle();
    await discovery.stop();
    expect(clock.pendingTimers()).toBe(0);
  });

  test('is not taken where it is switched off', async () => {
    const { seen, probe } = countProbes();
    const clock = createManualClock();
    const discovery = discover({ clock, probe, change: { enabled: false } });
    await clock.advance(600_000);
    expect([seen.asked, clock.pendingTimers(), discovery.nodes()]).toEqual([0, 0, []]);
  });
});

describe('a node that vanishes', () => {
  /** A subnet of one node, of which the test says whether it answers. */
  function watchOne(isDown: () => boolean) {
    const state = { answers: true };
    const clock = createManualClock();
    const probe: ProbeTarget = async () => state.answers;
    const hosts = () => ['10.0.0.5'];
    const discovery = discover({ clock, probe, hosts, isDown, change: { ports: [11_434], intervalMs: 60_000 } });
    return { state, clock, discovery };
  }

  test('goes after three looks that missed it', async () => {
    const { state, clock, discovery } = watchOne(() => true);
    await clock.advance(0);
    state.answers = false;
    await clock.advance(120_000);
    expect(idsOf(discovery)).toEqual(['10.0.0.5']);
    await clock.advance(60_000);
    expect(idsOf(discovery)).toEqual([]);
  });

  test('stays while its own probing gets answers, and goes when that ends', async () => {
    let isDown = false;
    const { state, clock, discovery } = watchOne(() => isDown);
    await clock.advance(0);
    state.answers = false;
    await clock.advance(600_000);
    expect(idsOf(discovery)).toEqual(['10.0.0.5']);
    isDown = true;
    await clock.advance(60_000);
    expect(idsOf(discovery)).toEqual([]);
  });

  test('stays when it answers again in between, and is found again after it went', async () => {
    const { state, clock, discovery } = watchOne(() => true);
    await clock.advance(0);
    for (const answers of [false, false, true, false, false]) {
      state.answers = answers;
      await clock.advance(60_000);
      expect(idsOf(discovery)).toEqual(['10.0.0.5']);
    }
    await clock.advance(60_000);
    expect(idsOf(discovery)).toEqual([]);
    state.answers = true;
    await clock.advance(60_000);
    expect(idsOf(discovery)).toEqual(['10.0.0.5']);
  });

  test('was really there, on sockets', async () => {
    const node = await startNode('127.0.0.1');
    const { seen, probe } = countProbes();
    const discovery = discover({ probe, hosts: () => ['127.0.0.1'], change: { ports: [portOf(node)] } });
    await waitUntil(() => idsOf(discovery).length === 1);
    await node.kill();
    const askedBefore = seen.asked;
    await waitUntil(() => idsOf(discovery).length === 0);
    expect(seen.asked - askedBefore).toBeGreaterThanOrEqual(2);
  });
});

describe('an answer to /api/version', () => {
  const answerWith =
    (status: number, type: string, body: string, more: Readonly<Record<string, string>> = {}): RequestListener =>
    (_request, response) => {
      response.writeHead(status, { 'content-type': type, ...more });
      response.end(body);
    };

  test.each<[string, boolean, RequestListener]>([
    ['of Ollama', true, answerWith(200, 'application/json; charset=utf-8', '{"version":"0.12.6"}')],
    ['without a version', false, answerWith(200, 'application/json', '{"name":"x"}')],
    ['with a version that is none', false, answerWith(200, 'application/json', '{"version":"latest"}')],
    ['with a version that is no text', false, answerWith(200, 'application/json', '{"version":12}')],
    ['that is null', false, answerWith(200, 'application/json', 'null')],
    ['that is half', false, answerWith(200, 'application/json', '{"version":"0.1')],
    ['of another type', false, answerWith(200, 'text/html', '{"version":"0.12.6"}')],
    ['with an error', false, answerWith(401, 'application/json', '{"version":"0.12.6"}')],
    [
      'that redirects',
      false,
      answerWith(302, 'application/json', '{"version":"1"}', { location: 'http://127.0.0.1:1/' }),
    ],
    ['that is long', false, answerWith(200, 'application/json', `{"version":"0.12.6","x":"${'x'.repeat(5_000)}"}`)],
    ['that never ends', false, (_request, response) => void response.writeHead(200).write('{')],
    ['that breaks off', false, (request) => void request.socket.destroy()],
  ])('%s makes a node: %s', async (_name, isNode, answer) => {
    const port = await listen(createServer(answer), '127.0.0.1', 0);
    // One of them is waited for as long as this.
    const signal = AbortSignal.timeout(5_000);
    expect(await probeTarget({ host: '127.0.0.1', port, name: 'x' }, signal)).toBe(isNode);
  });
});

describe('the hosts to ask', () => {
  const own = (address: string, netmask: string, more: Partial<NetworkInterfaceInfo> = {}): NetworkInterfaceInfo =>
    ({ address, netmask, family: 'IPv4', internal: false, mac: '', cidr: null, ...more }) as NetworkInterfaceInfo;
  const loopback = own('127.0.0.1', '255.0.0.0', { internal: true });
  const LOCAL = '127.0.0.1';

  test('are this machine alone where there is no private subnet', () => {
    expect(listHosts({ lo: [loopback] })).toEqual([LOCAL]);
    expect(listHosts({ lo: [loopback], eth0: [own('203.0.113.5', '255.255.255.0')] })).toEqual([LOCAL]);
    const six = own('fd00::2', 'ffff:ffff:ffff:ffff::', { family: 'IPv6' });
    expect(listHosts({ eth0: [six] })).toEqual([LOCAL]);
  });

  test('are all of a small subnet, its own address included', () => {
    const six = ['192.168.1.9', '192.168.1.10', '192.168.1.11', '192.168.1.12', '192.168.1.13', '192.168.1.14'];
    expect(listHosts({ eth0: [own('192.168.1.10', '255.255.255.248')] })).toEqual([LOCAL, ...six]);
    expect(listHosts({ tun0: [own('10.8.0.2', '255.255.255.255')] })).toEqual([LOCAL, '10.8.0.2']);
  });

  test('are at most the /24 around this machine of a larger subnet', () => {
    const hosts = listHosts({ en0: [own('172.17.4.1', '255.255.0.0')] });
    expect([hosts.length, hosts[1], hosts.at(-1)]).toEqual([255, '172.17.4.1', '172.17.4.254']);
    expect(listHosts({ a: [own('10.1.2.3', '255.0.0.0')], b: [own('10.1.2.4', '255.255.255.0')] })).toHaveLength(255);
  });

  test('are not those of the own containers, whose Ollama is found at the own port', () => {
    const subnet = [own('172.17.0.1', '255.255.0.0')];
    expect(listHosts({ docker0: subnet, 'br-1f2e': subnet, veth12: subnet, podman0: subnet })).toEqual([LOCAL]);
  });

  test('are named after their addresses; this machine is localhost', () => {
    const names = listTargets([LOCAL, '192.168.1.20'], [11_434, 11_500]).map(({ name }) => name);
    expect(names).toEqual(['localhost', '192.168.1.20', 'localhost-11500', '192.168.1.20-11500']);
  });
});
