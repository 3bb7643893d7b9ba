import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { openSqliteVectorIndex } from '../../../memory/sqlite/sqlite-vector-index.ts';

vi.mock('sqlite-vec', () => ({
  load: () => {
    throw new Error('Unsupported platform for sqlite-vec');
  },
}));

test('a machine for which there is no sqlite-vec is told so, and nothing fails', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hydra-vectors-'));
  const opened = await openSqliteVectorIndex({ folder, model: 'made-up' });
  expect(opened).toEqual({ index: null, problem: expect.stringContaining('Unsupported platform for sqlite-vec') });
  await rm(folder, { recursive: true });
});
