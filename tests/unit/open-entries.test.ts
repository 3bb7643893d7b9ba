import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openSqliteMemory } from '../../memory/sqlite/open-sqlite-memory.ts';
import { VECTORS_FILE } from '../../memory/sqlite/sqlite-vector-index.ts';
import { openEntries } from '../../workers/open-entries.ts';
import { loadGood } from '../support/settings-folder.ts';

test('a file of vectors that cannot be opened is a tier that is down, and everything else works', async () => {
  const home = await mkdtemp(join(tmpdir(), 'hydra-open-entries-'));
  // A folder in its place is refused to everybody, root included.
  await mkdir(join(home, VECTORS_FILE));
  const settings = loadGood({ environment: { HYDRA_HOME: home } });
  const memory = await openSqliteMemory({ folder: home });
  const reports: string[] = [];
  const report = (sentence: string) => void reports.push(sentence);
  const opened = await openEntries({ settings, memory, readVariable: () => undefined, report });
  const status = await opened.entries.status();
  expect(status.map(({ state }) => state)).toEqual(['off', 'up', 'off', 'down']);
  expect(status[3]?.detail).toMatch(/cannot be opened.* Only words are searched\./);
  expect(reports).toEqual([expect.stringContaining('cannot be opened')]);
  await opened.close();
  await memory.close();
  await rm(home, { recursive: true });
});
