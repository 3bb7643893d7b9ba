import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { prepareSandbox } from '../../sandbox/prepare-sandbox.ts';
import { ADAPTERS, processesWith, SHARED_CACHE } from './sandbox-support.ts';

const PARENT = fileURLToPath(new URL('sandbox-orphan-parent.ts', import.meta.url));
const PATIENCE = { timeout: 30_000, interval: 100 };
// As many as the parent runs; each is at least one process with the cache folder in its command line or environment.
const PROGRAMS = 3;

describe('a sandbox whose parent is killed', () => {
  it.for(ADAPTERS)('of %s leaves no process behind', async (adapter, context) => {
    await prepareSandbox(SHARED_CACHE, () => undefined);
    const cacheFolder = join(tmpdir(), `hydra-orphan-${randomUUID()}`);
    symlinkSync(SHARED_CACHE, cacheFolder);
    const parent = spawn(process.execPath, ['--import', 'tsx', PARENT, adapter, cacheFolder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [said] = (await once(parent.stdout, 'data')) as [Buffer];
    const orphans = (): readonly string[] =>
      processesWith(cacheFolder).filter((line) => !line.startsWith(`${parent.pid} `));
    if (said.toString().startsWith('running')) {
      await vi.waitFor(() => expect(orphans().length).toBeGreaterThanOrEqual(PROGRAMS), PATIENCE);
    }
    parent.kill('SIGKILL');
    await once(parent, 'close');
    await vi.waitFor(() => expect(orphans()).toEqual([]), PATIENCE);
    rmSync(cacheFolder);
    context.skip(said.toString().startsWith('none'), said.toString());
  });
});
