import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { runCli, startCli } from '../support/run-cli.ts';

describe('help', () => {
  it('shows examples first and exit codes last, for the command and each verb', async () => {
    const { stdout } = await runCli(['--help']);
    const verbs = [...stdout.matchAll(/^ {2}([a-z-]+) (?:\[|<| )/gm)]
      .map((match) => match[1]!)
      .filter((verb) => verb !== 'hydra');
    expect(verbs).toEqual(
      expect.arrayContaining([
        'up',
        'down',
        'generate',
        'status',
        'list',
        'events',
        'cancel',
        'nodes',
        'models',
        'doctor',
        'config',
      ]),
    );
    for (const text of [
      stdout,
      (await runCli(['generate', '--help'])).stdout,
      (await runCli(['up', '--help'])).stdout,
    ]) {
      expect(text.trimStart().startsWith('Examples:')).toBe(true);
      expect(text).toContain('130 Ctrl-C');
    }
  });

  it('comes without a command too', async () => {
    expect(await runCli([])).toMatchObject({ code: 0, stdout: expect.stringContaining('Usage: npx hydra') as string });
  });
});

describe('hydra simulate-node', () => {
  it('runs a host that answers, until Ctrl-C', async () => {
    const cli = startCli(['simulate-node', '--port', '0', '--model', 'tiny:1b']);
    await cli.waitFor('Ctrl-C ends it');
    cli.process.kill('SIGINT');
    const { code, stdout } = await cli.ended;
    expect(code).toBe(0);
    expect(stdout).toMatch(/^http:\/\/127\.0\.0\.1:\d+\n$/);
  });

  it('says that its port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const { code, stderr } = await runCli(['simulate-node', '--port', String(port)]);
    other.close();
    expect(code).toBe(1);
    expect(stderr).toContain(`No node on port ${port}: another program uses it`);
  });
});
