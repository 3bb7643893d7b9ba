import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseOllamaAddress } from '../../config/ollama-address.ts';
import { loadBad, loadGood } from '../support/settings-folder.ts';

describe('an Ollama address', () => {
  it.each([
    ['gpu-2', 'http://gpu-2:11434'],
    ['gpu-2:1234', 'http://gpu-2:1234'],
    [':1234', 'http://127.0.0.1:1234'],
    ['0.0.0.0', 'http://127.0.0.1:11434'],
    ['0.0.0.0:1234', 'http://127.0.0.1:1234'],
    ['[::]:1234', 'http://[::1]:1234'],
    ['::1', 'http://[::1]:11434'],
    ['[fe80::1]:99', 'http://[fe80::1]:99'],
    ['http://gpu-2', 'http://gpu-2:80'],
    ['https://gpu.example', 'https://gpu.example:443'],
    ['HTTPS://gpu.example:8443/', 'https://gpu.example:8443'],
    ['https://gate.example/ollama/', 'https://gate.example:443/ollama'],
    ['"gpu-2"', 'http://gpu-2:11434'],
  ])('%s means %s', (text, url) => {
    expect(parseOllamaAddress(text)).toEqual({ ok: true, value: url });
  });

  it.each(['ftp://h', 'h:0', 'h:65536', 'h:x', 'a b', '/path', 'user:word@h', 'http://u@h:1', 'h:1:2:3g'])(
    'cannot be %s',
    (text) => {
      expect(parseOllamaAddress(text).ok).toBe(false);
    },
  );
});

describe('the list of hosts', () => {
  const FILE = `
nodes:
  - name: big
    url: gpu-1
    slots: 4
    token_env: HYDRA_BIG_TOKEN
  - url: https://gate.example/ollama
`;

  it('comes from HYDRA_NODES before nodes.yaml before OLLAMA_HOST', () => {
    const files = { 'config/nodes.yaml': 'nodes: [{url: from-file}]' };
    const environment = { OLLAMA_HOST: 'from-ollama' };
    expect(loadGood({ files, environment: { ...environment, HYDRA_NODES: 'from-list' } }).nodes[0]?.id).toBe(
      'from-list',
    );
    expect(loadGood({ files, environment }).nodes[0]?.id).toBe('from-file');
    expect(loadGood({ environment }).nodes[0]?.id).toBe('from-ollama');
  });

  it('carries name, address, slots and token of nodes.yaml', () => {
    const files = { 'config/nodes.yaml': FILE, '.env': 'HYDRA_BIG_TOKEN=hush' };
    expect(loadGood({ files, environment: { HYDRA_NODE_SLOTS: '2' } }).nodes).toEqual([
      { id: 'big', url: 'http://gpu-1:11434', slots: 4, bearerToken: 'hush' },
      { id: 'gate.example', url: 'https://gate.example:443/ollama', slots: 2 },
    ]);
  });

  it('carries memory and certificate authority of nodes.yaml', () => {
    const authority = readFileSync('tests/fixtures/tls/authority.pem', 'utf8');
    const host = '{name: far, url: "https://far", vram_gb: 23.5, tls: {ca_file: certificates/own.pem}}';
    const files = { 'config/nodes.yaml': `nodes: [${host}]`, 'certificates/own.pem': authority };
    expect(loadGood({ files }).nodes).toEqual([
      {
        id: 'far',
        url: 'https://far:443',
        slots: 1,
        vramBytes: 23.5 * 1024 ** 3,
        tls: { certificateAuthority: authority },
      },
    ]);
  });

  it.each([
    ['{url: "https://far", tls: {ca_file: absent.pem}}', 'tls.ca_file absent.pem: a readable file'],
    ['{url: "https://far", tls: {ca_file: .env}}', 'a file with a certificate in PEM form'],
    ['{url: "https://far", tls: {ca_file: bad.pem}}', 'sound certificates'],
    ['{url: "http://far", tls: {ca_file: .env}}', 'an https:// address'],
    ['{url: "http://169.254.1.2"}', 'another host: 169.254.1.2 is a link-local address'],
    ['{url: "http://metadata.google.internal"}', 'the metadata service of a cloud'],
  ])('refuses the host %s with the rule', (host, rule) => {
    const bad = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    const files = { 'config/nodes.yaml': `nodes: [${host}]`, '.env': 'OTHER=1', 'bad.pem': bad };
    expect(loadBad({ files })[0]?.rule).toContain(rule);
  });

  it('names hosts after their address, and tells two ports of one host apart', () => {
    const { nodes } = loadGood({ environment: { HYDRA_NODES: 'h, h:2, three=h:3, [::1]:4' } });
    expect(nodes.map((node) => node.id)).toEqual(['h', 'h-2', 'three', '1--4']);
  });

  it.each([
    ['one name twice', { HYDRA_NODES: 'a=h:1,a=h:2' }, 'each name once'],
    ['one address twice', { HYDRA_NODES: 'a=h:1,b=h:1' }, 'each address once'],
    ['a name that cannot be part of a queue name', { HYDRA_NODES: 'a b=h:1' }, 'a name of letters'],
  ])('refuses %s', (_case, environment, rule) => {
    expect(loadBad({ environment })[0]?.rule).toContain(rule);
  });

  it('refuses a token variable that is not set, and tells its name only', () => {
    const [problem] = loadBad({ files: { 'config/nodes.yaml': FILE } });
    expect(problem?.rule).toBe('the variable HYDRA_BIG_TOKEN, named by token_env, must be set');
  });

  it('never shows a password that stands in an address', () => {
    const files = { 'config/nodes.yaml': 'nodes: [{url: "http://me:hush@h"}]' };
    const problems = loadBad({ files, environment: { HYDRA_NODES: 'a=me:hush@h' } });
    expect(problems).toHaveLength(2);
    expect(JSON.stringify(problems)).not.toContain('hush');
  });

  it.each([
    ['nodes: [{url: h, slots: 0}]', 'nodes.0.slots', '0'],
    ['nodes: [{url: "ftp://h"}]', 'nodes.0.url', 'ftp://h'],
    ['nodes: [{url: h, speed: 1}]', 'nodes.0', ''],
    ['nodes: [{url: h, vram_gb: 0}]', 'nodes.0.vram_gb', '0'],
    ['nodes: [{url: h, vram_gb: 24 GB}]', 'nodes.0.vram_gb', '24 GB'],
    ['nodes: [{url: h, tls: true}]', 'nodes.0.tls', 'true'],
    ['nodes: [{url: h, tls: {key: x}}]', 'nodes.0.tls.ca_file', ''],
    ['hosts: []', 'nodes', ''],
  ])('refuses the nodes.yaml %s by place and value', (text, name, value) => {
    const problems = loadBad({ files: { 'config/nodes.yaml': text } });
    expect(problems).toContainEqual(expect.objectContaining({ name, value, origin: 'config/nodes.yaml' }));
  });
});
