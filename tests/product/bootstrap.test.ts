import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { readPrograms } from '../../bootstrap.mjs';
import { findProcesses } from '../support/find-processes.ts';
import { startReleaseHost, type ReleaseHost } from '../support/release-host.ts';
import { makeBareMachine, type BareMachine } from '../support/setup-process.ts';

const TEMPORAL_SCRIPT = '#!/bin/sh\necho "temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)"\n';
/** A Go that "builds" the same script. */
const GO_SCRIPT = `#!/bin/sh
if [ "$1" = install ]; then printf '%s' '${TEMPORAL_SCRIPT}' > "$GOBIN/temporal"; chmod +x "$GOBIN/temporal"; fi
`;
const SOON = { timeout: 60_000 };

let machine: BareMachine;
let host: ReleaseHost;

beforeEach(async () => {
  machine = await makeBareMachine(() => ({ HYDRA_RELEASES_URL: host.url, OLLAMA_HOST: host.url }));
  host = await startReleaseHost(await packRelease());
});

afterEach(async () => {
  machine.remove();
  await host.close();
});

/** Large enough to arrive in several pieces. */
async function packRelease(): Promise<Buffer> {
  const archive = join(machine.folder, 'release.tar');
  await writeFile(join(machine.folder, 'temporal'), `${TEMPORAL_SCRIPT}#${'x'.repeat(1_000_000)}`, { mode: 0o755 });
  execFileSync('tar', ['-cf', archive, '-C', machine.folder, 'temporal']);
  return readFileSync(archive);
}

test('the official release is fetched, checked and recorded, and the next set-up asks nobody for it', async () => {
  const first = await machine.run();
  expect(first.output).toContain('official release 1.5.1');
  expect(first.code).toBe(0);
  expect(readPrograms(machine.cache)?.temporal).toMatchObject({ version: '1.5.1', source: 'release' });
  const requests = host.requests.length;
  const second = await machine.run();
  expect(second.code).toBe(0);
  expect(second.output).not.toContain('To be fetched');
  expect(host.requests.slice(requests).map(({ path }) => path)).toEqual(['/api/tags']);
});

test('a release that differs from its published checksum is refused', async () => {
  host.mood = 'tampered';
  const { code, output } = await machine.run();
  expect(output).toMatch(/temporal_cli_1\.5\.1_\w+\.tar\.gz is refused: its SHA-256 is [0-9a-f]{64}, published is/);
  expect(output).toContain('HYDRA_TEMPORAL_CLI');
  expect(code).toBe(1);
  expect(existsSync(join(machine.cache, 'programs'))).toBe(false);
});

test('a host that does not answer is given up after five seconds, and the next way is named and taken', async () => {
  host.mood = 'silent';
  await writeFile(join(machine.binFolder, 'go'), GO_SCRIPT, { mode: 0o755 });
  const startedAt = Date.now();
  const { code, output } = await machine.run();
  expect(output).toContain('no connection within 5 s');
  expect(output).toContain('build of 1.5.1 with Go: done');
  expect(code).toBe(0);
  expect(Date.now() - startedAt).toBeGreaterThan(5000);
  expect(readPrograms(machine.cache)?.temporal).toMatchObject({ version: '1.5.1', source: 'build' });
});

test('where the host of Go modules cannot be reached, Go builds from what it has', async () => {
  host.mood = 'silent';
  const go = GO_SCRIPT.replace('= install ]', '= install ] && [ "$GOPROXY" = off ]');
  await writeFile(join(machine.binFolder, 'go'), `${go}[ "$1" != env ] || echo http://127.0.0.1:1,direct\n`, {
    mode: 0o755,
  });
  const { code, output } = await machine.run();
  expect(output).toMatch(/Go's modules: .*ECONNREFUSED.*\. Next: what Go has in its own cache\./);
  expect(code).toBe(0);
});

test('what a killed set-up has left working is ended by the next one', async () => {
  host.mood = 'silent';
  const go = join(machine.binFolder, 'go');
  await writeFile(
    go,
    `#!/bin/sh\n[ "$1" != install ] || exec ${process.execPath} -e 'setTimeout(() => 0, 1e6)' build\n`,
    { mode: 0o755 },
  );
  const first = machine.start();
  // Between the start of a program and its note in the lock, a killed set-up leaves no trace of it.
  await vi.waitUntil(() => builders().length > 0 && areInLock(builders()), SOON);
  first.child.kill('SIGKILL');
  await once(first.child, 'close');
  expect(builders()).not.toEqual([]);
  await writeFile(go, GO_SCRIPT, { mode: 0o755 });
  expect(await machine.run()).toMatchObject({ code: 0 });
  expect(builders()).toEqual([]);
});

/** Whether the lock of the set-up names each of these programs, so that the next set-up can end them. */
function areInLock(programs: readonly string[]): boolean {
  const lock = readFileSync(join(machine.cache, 'setup.lock'), 'utf8');
  return programs.every((program) => lock.includes(`"pid":${parseInt(program)},`));
}

/** Programs that work for a set-up on this machine of the test. */
function builders(): readonly string[] {
  if (process.platform !== 'linux') return [];
  return findProcesses(machine.cache).filter((command) => command.includes('setTimeout(() => 0, 1e6)'));
}

test('more than 500 MB without a terminal ends with the command to run', async () => {
  host.mood = 'huge';
  const { code, output } = await machine.run({}, ['bootstrap.mjs', 'start', "print 'it'"]);
  expect(output).toContain('600 MB');
  expect(output).toContain(`node bootstrap.mjs start 'print '\\''it'\\''' --yes`);
  expect(code).toBe(2);
});

test('after Ctrl-C the same command goes on where it stopped', async () => {
  host.mood = 'stuck';
  const stopped = machine.start();
  await vi.waitUntil(() => partialBytes() > 400_000, SOON);
  stopped.child.kill('SIGINT');
  expect(await once(stopped.child, 'close')).toEqual([130, null]);
  expect(stopped.output()).toContain('the same command goes on from here');
  expect(existsSync(join(machine.cache, 'setup.lock'))).toBe(false);
  host.mood = 'serve';
  expect(await machine.run()).toMatchObject({ code: 0 });
  expect(host.requests.at(-1)?.range).toMatch(/^bytes=\d{6,}-$/);
});

function partialBytes(): number {
  const downloads = join(machine.cache, 'downloads');
  const files = existsSync(downloads) ? readdirSync(downloads) : [];
  const partial = files.find((file) => file.endsWith('.partial'));
  return partial === undefined ? 0 : statSync(join(downloads, partial)).size;
}

test('a second set-up waits for the first, and takes over when that is killed', async () => {
  host.mood = 'stuck';
  const first = machine.start();
  await vi.waitUntil(() => existsSync(join(machine.cache, 'setup.lock')), SOON);
  const second = machine.start();
  await vi.waitUntil(() => second.output().includes('Another set-up is at work'), SOON);
  host.mood = 'serve';
  first.child.kill('SIGKILL');
  expect(await once(second.child, 'close')).toEqual([0, null]);
});

test('a path in the settings that leads nowhere is named', async () => {
  const { code, output } = await machine.run({ HYDRA_TEMPORAL_CLI: '/no/such/temporal' });
  expect(output).toContain('HYDRA_TEMPORAL_CLI=/no/such/temporal');
  expect(code).toBe(78);
});

test('a misspelt option does not become a prompt', async () => {
  const { code, output } = await machine.run({}, ['bootstrap.mjs', 'start', '--yess']);
  expect(output).toContain('start has no option --yess');
  expect(code).toBe(2);
});

test('a Node.js that is too old is told so before anything else', async () => {
  const pretend = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.20.4' } })`;
  const command = ['--import', `data:text/javascript,${pretend}`, 'bootstrap.mjs', 'setup'];
  const { code, output } = await machine.run({}, command);
  expect(output).toContain('Hydra needs Node.js 20.19.0 or newer; this is 18.20.4');
  expect(code).toBe(1);
});
