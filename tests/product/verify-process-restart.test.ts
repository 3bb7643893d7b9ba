import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadSettings } from '../../config/load-settings.ts';
import type { Settings } from '../../config/settings.ts';
import { startVerifyProcess, type VerifyProcess } from '../../workers/verify-process.ts';
import { waitUntil } from '../support/wait-until.ts';

const PROGRAM = join(import.meta.dirname, '../support/restless-verify.ts');

let home: string;
let settings: Settings;

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'hydra-verify-restart-'));
  const loaded = loadSettings({ environment: { HYDRA_HOME: home }, folder: home });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  ({ settings } = loaded);
});

afterAll(() => rmSync(home, { recursive: true, force: true }));

function start(manner: string, report: (sentence: string) => void = () => {}): Promise<VerifyProcess> {
  return startVerifyProcess({ settings, report, program: { path: PROGRAM, arguments: [manner] } });
}

describe('a verify process', () => {
  test('that cannot start says why', async () => {
    await expect(start('refuses')).rejects.toMatchObject({
      type: 'StoreUnavailable',
      message: 'The verify process did not start: the file cannot be used',
    });
  });

  test('that ends before it is ready is no success, and its log is named', async () => {
    await expect(start('ends')).rejects.toThrow('logs/verify.log');
  });

  test('that ends again and again is started again, each time later, until it is told to stop', async () => {
    const restarts: number[] = [];
    const report = (sentence: string): void => {
      if (sentence.includes('verified again')) restarts.push(Date.now());
    };
    const verify = await start('is restless', report);
    await waitUntil(() => restarts.length >= 3);
    await verify.stop();
    expect(verify.pid).toBeNull();
    const [first = 0, second = 0, third = 0] = restarts;
    // The waits before them are 200, 400 and 800 ms.
    expect(second - first).toBeGreaterThanOrEqual(390);
    expect(third - second).toBeGreaterThanOrEqual(790);
  });
});
