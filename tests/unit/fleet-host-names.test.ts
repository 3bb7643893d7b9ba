import { describe, expect, test } from 'vitest';
import type { NodeId } from '../../domain/ids.ts';
import type { NodeAddress } from '../../domain/node.ts';
import { combineNodes } from '../../fleet/hosts/combine-nodes.ts';
import { createHostNames } from '../../fleet/hosts/host-names.ts';
import { uniqueHosts } from '../../fleet/hosts/same-host.ts';
import { createManualClock, settle } from './fleet-manual-clock.ts';

/** Resolves by this table, which the test may change; counts what is asked. */
function nameHosts(table: Record<string, readonly string[]>) {
  const clock = createManualClock();
  const asked: string[] = [];
  const names = createHostNames({
    clock,
    ownAddresses: () => ['127.0.0.1', '::1', '192.168.1.5', 'fd00::5'],
    async resolve(name) {
      asked.push(name);
      const addresses = table[name];
      if (addresses === undefined) throw new Error('ENOTFOUND');
      return addresses;
    },
  });
  const areSame = (one: string, other: string) => names.hostKey(one) === names.hostKey(other);
  return { clock, asked, names, areSame };
}

describe('one host', () => {
  test.each([
    ['http://gpu-2:11434', 'http://192.168.1.20:11434', true],
    ['http://gpu-2:11434', 'http://gpu-2.lan:11434', true],
    ['http://gpu-2:11434', 'http://gpu-2:11435', false],
    ['http://gpu-2:11434', 'http://gpu-2:11434/ollama', false],
    ['http://gpu-2:11434', 'http://gpu-3:11434', false],
    // This machine, by its addresses and its name.
    ['http://192.168.1.5:11434', 'http://localhost:11434', true],
    ['http://[fd00::5]:11434', 'http://127.0.0.1:11434', true],
    ['http://this-machine:11434', 'http://[::1]:11434', true],
    ['http://[::ffff:192.168.1.5]:11434', 'http://localhost:11434', true],
    // A gate has one address for several hosts.
    ['https://a.gate:443', 'https://b.gate:443', false],
    ['http://a.gate:80', 'http://b.gate:80', false],
    // Whatever order a resolver gives, and IPv6 beside IPv4.
    ['http://two-addresses:11434', 'http://192.168.1.30:11434', true],
  ])('%s and %s: %s', async (one, other, expected) => {
    const { names, areSame } = nameHosts({
      'gpu-2': ['192.168.1.20'],
      'gpu-2.lan': ['fd00::20', '192.168.1.20'],
      'gpu-3': ['192.168.1.21'],
      'this-machine': ['127.0.1.1'],
      'two-addresses': ['192.168.1.31', '192.168.1.30'],
      'a.gate': ['192.168.1.40'],
      'b.gate': ['192.168.1.40'],
    });
    await names.learn([one, other]);
    expect(areSame(one, other)).toBe(expected);
  });

  test('is known again by name alone where nothing can be looked up', async () => {
    const { names, areSame } = nameHosts({});
    await names.learn(['http://gpu-2:11434', 'http://GPU-2:11434']);
    expect(areSame('http://gpu-2:11434', 'http://GPU-2:11434/')).toBe(true);
    expect(areSame('http://gpu-2:11434', 'http://192.168.1.20:11434')).toBe(false);
  });
});

describe('looking up', () => {
  const URL_OF_GPU = 'http://gpu-2:11434';

  test('is done once a minute for a name, and never for an address', async () => {
    const table = { 'gpu-2': ['192.168.1.20'] };
    const { names, asked, clock, areSame } = nameHosts(table);
    await names.learn([URL_OF_GPU, 'http://192.168.1.20:11434', 'http://[::1]:4']);
    await names.learn([URL_OF_GPU]);
    expect(asked).toEqual(['gpu-2']);
    table['gpu-2'] = ['192.168.1.99'];
    await clock.advance(60_000);
    await names.learn([URL_OF_GPU]);
    expect(asked).toEqual(['gpu-2', 'gpu-2']);
    expect(areSame(URL_OF_GPU, 'http://192.168.1.99:11434')).toBe(true);
  });

  test('that hangs is waited for a second, and counts when it ends', async () => {
    const clock = createManualClock();
    let answer: (addresses: readonly string[]) => void = () => undefined;
    let asked = 0;
    const resolve = () => {
      asked += 1;
      return new Promise<readonly string[]>((give) => (answer = give));
    };
    const names = createHostNames({ clock, resolve, ownAddresses: () => [] });
    const learning = names.learn([URL_OF_GPU]);
    await clock.advance(1_000);
    await learning;
    const before = names.hostKey(URL_OF_GPU);
    await names.learn([URL_OF_GPU]);
    answer(['192.168.1.20']);
    await settle();
    expect([before, names.hostKey(URL_OF_GPU), asked]).toEqual(['gpu-2:11434', '192.168.1.20:11434', 1]);
    expect(clock.pendingTimers()).toBe(0);
  });

  test('by the system knows this machine by its own name', async () => {
    const names = createHostNames({ clock: createManualClock() });
    await names.learn(['http://localhost:11434']);
    expect(names.hostKey('http://localhost:11434')).toBe('localhost:11434');
    expect(names.hostKey('http://127.0.0.1:11434')).toBe('localhost:11434');
  });
});

test('nodes of several sources that are one host are used once, the listed one first', async () => {
  const { names } = nameHosts({ 'gpu-2': ['192.168.1.20'] });
  const node = (id: string, url: string): NodeAddress => ({ id: id as NodeId, url, slots: 1 });
  const settings = [node('gpu', 'http://gpu-2:11434'), node('here', 'http://localhost:11434')];
  const urls = [
    'http://127.0.0.1:11434',
    'http://192.168.1.5:11434',
    'http://192.168.1.20:11434',
    'http://192.168.1.21:1',
  ];
  const discovered = urls.map((url) => node(new URL(url).host, url));
  await names.learn([...settings, ...discovered].map(({ url }) => url));
  const { hostKey } = names;
  const sources = { settings, discovered, records: [], defaultSlots: 1, readVariable: () => undefined };
  const { usable } = combineNodes({ ...sources, hostKey });
  expect(usable.map(({ id, origin }) => [id, origin])).toEqual([
    ['gpu', 'settings'],
    ['here', 'settings'],
    ['192.168.1.21:1', 'discovered'],
  ]);
  expect(uniqueHosts(discovered, hostKey)).toHaveLength(3);
});
