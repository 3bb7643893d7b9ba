import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { endRecordedProcess } from '../../workers/end-process.ts';
import { recordFileOf, startManagedProcess } from '../../workers/managed-process.ts';
import { identifyProcess } from '../../sandbox/process-identity.ts';
import { findFreePort } from '../support/free-port.ts';

const PATIENT = { timeout: 60_000, interval: 50 };

/** A server with a child, as Ollama has one for each model; it writes the child's number down. Deaf: it ignores SIGTERM. */
const SERVER = `
const [port, childFile, deaf] = process.argv.slice(2);
const child = require('node:child_process').spawn('sleep', ['1000'], { stdio: 'ignore' });
require('node:fs').writeFileSync(childFile, String(child.pid));
if (deaf === 'deaf') process.on('SIGTERM', () => {});
else process.on('SIGTERM', () => { child.kill(); process.exit(0); });
require('node:http').createServer((_, response) => response.end('ok')).listen(Number(port), '127.0.0.1');
`;

async function startServer(deaf: 'deaf' | 'obedient') {
  const folder = mkdtempSync(join(tmpdir(), 'hydra-managed-'));
  onTestFinished(async () => {
    await endRecordedProcess(recordFileOf(folder, 'server'));
    rmSync(folder, { recursive: true, force: true });
  });
  const port = await findFreePort();
  const script = join(folder, 'server.cjs');
  const childFile = join(folder, 'child');
  writeFileSync(script, SERVER);
  const reports: string[] = [];
  const server = await startManagedProcess({
    name: 'server',
    executable: process.execPath,
    args: [script, String(port), childFile, deaf],
    environment: process.env,
    folder,
    logFile: join(folder, 'server.log'),
    ports: [{ host: '127.0.0.1', port, setting: 'SERVER_PORT' }],
    isServing: () =>
      fetch(`http://127.0.0.1:${port}`).then(
        () => true,
        () => false,
      ),
    failureType: 'NodeUnavailable',
    report: (sentence) => reports.push(sentence),
    signal: new AbortController().signal,
  });
  return { server, reports, childPid: () => Number(readFileSync(childFile, 'utf8')) };
}

describe('a managed process', () => {
  it('that is killed takes its children with it before it is started again', async () => {
    const { server, reports, childPid } = await startServer('obedient');
    const [firstPid, firstChild] = [server.pid, childPid()];
    process.kill(firstPid, 'SIGKILL');
    await vi.waitUntil(() => server.pid !== firstPid, PATIENT);
    expect(await identifyProcess(firstChild)).toBeNull();
    expect(reports).toEqual([
      'server ended by itself; it is started again',
      `server serves again as process ${server.pid}`,
    ]);
    const child = childPid();
    await server.stop();
    expect(await identifyProcess(child)).toBeNull();
  });

  it('that does not obey SIGTERM is killed with its children', async () => {
    const { server, childPid } = await startServer('deaf');
    const { pid } = server;
    await server.stop();
    expect(await identifyProcess(pid)).toBeNull();
    await vi.waitUntil(async () => (await identifyProcess(childPid())) === null, PATIENT);
  });

  it('leads a process group of its own, so that Ctrl-C in our terminal does not reach it', async () => {
    const { server } = await startServer('obedient');
    expect(() => process.kill(-server.pid, 0)).not.toThrow();
    await server.stop();
  });
});
