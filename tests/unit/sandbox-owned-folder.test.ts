import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { makeOwnedFolder, removeAbandonedFolders } from '../../sandbox/owned-folder.ts';

const MODULE = new URL('../../sandbox/owned-folder.ts', import.meta.url).href;
const OWNER = `const { makeOwnedFolder } = await import(${JSON.stringify(MODULE)});
process.stdout.write(await makeOwnedFolder('sandbox-run')); setInterval(() => {}, 1000);`;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hydra-owned-'));
  vi.stubEnv('TMPDIR', folder);
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

async function startOwner() {
  const owner = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', OWNER]);
  const [path] = (await once(owner.stdout, 'data')) as [Buffer];
  return { owner, path: path.toString() };
}

it('a folder is removed as soon as its owner was killed, and not before', async () => {
  const { owner, path } = await startOwner();
  writeFileSync(join(path, 'main.py'), '');
  await removeAbandonedFolders();
  expect(existsSync(path)).toBe(true);
  owner.kill('SIGKILL');
  await once(owner, 'close');
  await removeAbandonedFolders();
  expect(existsSync(path)).toBe(false);
});

it('a later process with the number of the owner does not keep its folder', async () => {
  const own = await makeOwnedFolder('check');
  const [, mark] = /-(?:\d+)-([0-9a-f]{12})-/u.exec(basename(own)) ?? [];
  const ofEarlier = join(dirname(own), basename(own).replace(mark ?? '', '0123456789ab'));
  mkdirSync(ofEarlier);
  await removeAbandonedFolders();
  expect([existsSync(own), existsSync(ofEarlier)]).toEqual([true, false]);
});

it('a folder that names no owner is kept for an hour, and one of somebody else for ever', async () => {
  const names = ['hydra-check-Ab1cd2', 'hydra-sandbox-run-old', 'somebody-elses'];
  const [young, old, other] = names.map((name) => join(folder, name)) as [string, string, string];
  for (const path of [young, old, other]) mkdirSync(path);
  const longAgo = new Date(Date.now() - 7_200_000);
  for (const path of [old, other]) utimesSync(path, longAgo, longAgo);
  await removeAbandonedFolders();
  expect([young, old, other].map((path) => existsSync(path))).toEqual([true, false, true]);
});
