import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { cacheFolder, readEnvironment, readPrograms } from '../../bootstrap.mjs';
import { endRecordedProcess } from '../../workers/end-process.ts';
import { startManagedOllama } from '../../workers/managed-ollama.ts';
import { recordFileOf } from '../../workers/managed-process.ts';
import { identifyProcess } from '../../sandbox/process-identity.ts';
import { findFreePort } from '../support/free-port.ts';

async function makeOptions() {
  const executable = process.env.HYDRA_OLLAMA ?? readPrograms(cacheFolder(readEnvironment()))?.ollama?.path;
  if (executable === undefined) throw new Error('Ollama is not set up for tests: run npm test once.');
  const folder = mkdtempSync(join(tmpdir(), 'hydra-own-ollama-'));
  onTestFinished(async () => {
    await endRecordedProcess(recordFileOf(folder, 'ollama'));
    rmSync(folder, { recursive: true, force: true });
  });
  const logFile = join(folder, 'ollama.log');
  return { executable, folder, logFile, modelsFolder: join(folder, 'models'), port: await findFreePort() };
}

describe('an Ollama of our own', () => {
  it('serves from its own models folder, comes back when it is killed, and is gone after stop', async () => {
    const ollama = await startManagedOllama(await makeOptions());
    const answer = await fetch(`${ollama.url}/api/tags`);
    expect(await answer.json()).toEqual({ models: [] });
    const killedPid = ollama.pid;
    process.kill(killedPid, 'SIGKILL');
    await vi.waitUntil(() => ollama.pid !== killedPid, { timeout: 60_000, interval: 50 });
    expect((await fetch(`${ollama.url}/api/version`)).status).toBe(200);
    const { pid } = ollama;
    await ollama.stop();
    expect(await identifyProcess(pid)).toBeNull();
  });

  it('names who holds its port', async () => {
    const options = await makeOptions();
    const other = createServer();
    onTestFinished(() => void other.close());
    await new Promise<void>((resolve) => other.listen(options.port, '127.0.0.1', resolve));
    await expect(startManagedOllama(options)).rejects.toThrow(`(process ${process.pid}). Stop it, or use another`);
  });
});
