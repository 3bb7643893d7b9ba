import { assert, constantFrom, constant, integer, oneof, property, tuple } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkNodeUrl, nameFromUrl, refuseHost } from '../../fleet/hosts/node-url.ts';

describe('a node URL from the API', () => {
  test.each([
    ['http://gpu-2:11434', 'http://gpu-2:11434'],
    ['http://gpu-2', 'http://gpu-2:80'],
    ['HTTPS://Gate.Example/ollama/', 'https://gate.example:443/ollama'],
    ['http://192.168.1.20:11434', 'http://192.168.1.20:11434'],
    ['http://10.0.0.5:11434/', 'http://10.0.0.5:11434'],
    ['http://172.16.0.9:11434', 'http://172.16.0.9:11434'],
    ['http://127.0.0.1:11434', 'http://127.0.0.1:11434'],
    ['http://localhost:11434', 'http://localhost:11434'],
    ['http://[::1]:11434', 'http://[::1]:11434'],
    ['http://[fd00::5]:11434', 'http://[fd00::5]:11434'],
    ['http://8.8.8.8:11434', 'http://8.8.8.8:11434'],
    // Another spelling of an address is put into the usual one.
    ['http://2130706433:11434', 'http://127.0.0.1:11434'],
    ['http://0x7f.1:11434', 'http://127.0.0.1:11434'],
  ])('%s is used as %s', (text, url) => {
    expect(checkNodeUrl(text)).toEqual({ ok: true, url });
  });

  test.each([
    ['ftp://gpu-2', 'http:// or https://'],
    ['javascript:alert(1)', 'http:// or https://'],
    ['file:///etc/passwd', 'http:// or https://'],
    ['gpu-2:11434', 'http:// or https://'],
    ['//gpu-2', 'http:// or https://'],
    ['', 'http:// or https://'],
    [' http://gpu-2', 'http:// or https://'],
    ['http://', 'a host name'],
    ['http:///ollama', 'a host name'],
    ['http://gpu 2', 'a host name'],
    ['http://gpu-2:99999', 'a host name'],
    ['http://gpu-2:11434\n', 'a host name'],
    // Percent codes and wide digits in a host are an address to some parsers and a name to others.
    ['http://127%2e0.0.1', 'a host name'],
    ['http://１６９.254.169.254', 'a host name'],
    ['http://me:hush@gpu-2', 'without user name'],
    ['http://gpu-2@169.254.169.254', 'without user name'],
    ['http://gpu-2?x=1', 'query'],
    ['http://gpu-2/?x=1', 'query'],
    ['http://gpu-2/#x', 'query'],
    ['http://gpu-2/a/../b', 'a path'],
    ['http://gpu-2/%2e%2e/b', 'a path'],
    ['http://gpu-2//b', 'a path'],
    ['http://gpu-2\\@evil', 'a path'],
    ['http://gpu-2:0', 'port'],
    ['http://gpu-2:22', 'port'],
    ['http://gpu-2:6000', 'port'],
  ])('%j is refused with the rule about %s', (text, rule) => {
    expect(checkNodeUrl(text)).toEqual({ ok: false, rule: expect.stringContaining(rule) });
  });

  test.each([
    ['http://169.254.169.254', 'link-local'],
    ['http://169.254.169.254.', 'link-local'],
    ['http://2852039166', 'link-local'],
    ['http://0xa9fea9fe', 'link-local'],
    ['http://0xA9.0xFE.0xA9.0xFE', 'link-local'],
    ['http://0251.0376.0251.0376', 'link-local'],
    ['http://169.254.43518', 'link-local'],
    ['http://[::ffff:169.254.169.254]', 'link-local'],
    ['http://[::ffff:a9fe:a9fe]', 'link-local'],
    ['http://[0:0:0:0:0:ffff:a9fe:a9fe]', 'link-local'],
    ['http://[64:ff9b::a9fe:a9fe]', 'link-local'],
    ['http://[fe80::1]:11434', 'link-local'],
    ['http://[febf::1]:11434', 'link-local'],
    ['http://[::169.254.169.254]', 'disguise'],
    ['http://[2002:a9fe:a9fe::1]', 'disguise'],
    ['http://[2001:0:4136:e378::1]', 'disguise'],
    ['http://100.100.100.200', 'metadata'],
    ['http://192.0.0.192', 'metadata'],
    ['http://168.63.129.16', 'metadata'],
    ['http://[fd00:ec2::254]', 'metadata'],
    ['http://metadata.google.internal', 'metadata'],
    ['http://METADATA.Google.Internal.', 'metadata'],
    ['http://metadata', 'metadata'],
    ['http://0.0.0.0:11434', 'no address'],
    ['http://0:11434', 'no address'],
    ['http://[::]:11434', 'disguise'],
    ['http://224.0.0.251:11434', 'multicast'],
    ['http://[ff02::1]:11434', 'multicast'],
    ['http://255.255.255.255:11434', 'broadcast'],
    ['http://240.0.0.1:11434', 'reserved'],
  ])('%s is refused as %s', (text, reason) => {
    expect(checkNodeUrl(text)).toEqual({ ok: false, rule: expect.stringContaining(reason) });
  });
});

describe('an address', () => {
  /** Spellings that a URL parser takes for the same IPv4 address. */
  const spell = (parts: readonly number[]): readonly string[] => {
    const [a = 0, b = 0, c = 0, d = 0] = parts;
    const hex = (value: number, width: number) => value.toString(16).padStart(width, '0');
    const [high, low] = [hex(a * 256 + b, 4), hex(c * 256 + d, 4)];
    return [
      parts.join('.'),
      `${parts.join('.')}.`,
      String(((a * 256 + b) * 256 + c) * 256 + d),
      `0x${hex(a, 2)}${hex(b, 2)}${hex(c, 2)}${hex(d, 2)}`,
      parts.map((part) => `0${part.toString(8)}`).join('.'),
      `${a}.${(b * 256 + c) * 256 + d}`,
      `[::ffff:${parts.join('.')}]`,
      `[::FFFF:${high}:${low}]`,
      `[64:ff9b::${high}:${low}]`,
    ];
  };
  const byte = integer({ min: 0, max: 255 });
  const first = oneof(byte, constantFrom(0, 10, 127, 169, 192, 224, 240, 255));
  const address = tuple(first, oneof(byte, constant(254)), byte, byte);

  test('is judged the same in every spelling', () => {
    assert(
      property(address, (parts) => {
        const isRefused = refuseHost(parts.join('.')) !== null;
        const verdicts = spell(parts).map((host) => !checkNodeUrl(`http://${host}:11434`).ok);
        expect(verdicts).toEqual(verdicts.map(() => isRefused));
      }),
      { numRuns: 500 },
    );
  });
});

describe('a host', () => {
  test.each(['10.0.0.1', '127.0.0.1', '::1', 'fd12::1', '::ffff:192.168.1.1', '64:ff9b::808:808', '2600::1', 'gpu-2'])(
    '%s may be connected to',
    (host) => {
      expect(refuseHost(host)).toBeNull();
    },
  );

  test.each(['fe80::1%eth0', '[fe80::1]', '::ffff:169.254.1.1', '169.254.1.1', 'METADATA.'])(
    '%s may not, in whatever form a resolver or a URL gives it',
    (host) => {
      expect(refuseHost(host)).toMatch(/link-local|metadata/);
    },
  );
});

test('a name made of a URL tells ports apart and can be part of a queue name', () => {
  const urls = ['http://gpu-2:11434', 'http://gpu-2:11435', 'http://192.168.1.20:11434', 'http://[::1]:4', 'https://h'];
  expect(urls.map(nameFromUrl)).toEqual(['gpu-2', 'gpu-2-11435', '192.168.1.20', '1--4', 'h']);
});
