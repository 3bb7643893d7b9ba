import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { compareVersions, countTests, ollamaUrl, verifyChecksum } from '../../../bootstrap.mjs';

describe('the count of tests', () => {
  const passed = { status: 'passed' };
  const failed = { status: 'failed' };

  test('adds what passed and failed in all files', () => {
    const report = {
      testResults: [
        { status: 'passed', assertionResults: [passed, passed, { status: 'pending' }] },
        { status: 'failed', assertionResults: [passed, failed] },
      ],
    };
    expect(countTests(report, false)).toEqual({ passed: 3, failed: 1 });
  });

  test('counts a file that could not be loaded as one failure', () => {
    expect(countTests({ testResults: [{ status: 'failed', assertionResults: [] }] }, false)).toEqual({
      passed: 0,
      failed: 1,
    });
  });

  test('counts an error outside of any test as one failure', () => {
    expect(countTests({ testResults: [{ status: 'passed', assertionResults: [passed] }] }, false)).toEqual({
      passed: 1,
      failed: 1,
    });
    expect(countTests(undefined, false)).toEqual({ passed: 0, failed: 1 });
  });
});

describe('a checksum file', () => {
  let folder: string;
  let file: string;
  /** SHA-256 of `hydra`. */
  const HASH = '517ffce87ad701f071040b32ddaa7f4b7b0bb6774b02ff45bf2eef3f2fc1a549';

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'hydra-checksum-'));
    file = join(folder, 'asset.tgz');
    writeFileSync(file, 'hydra');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test.each(['HASH  asset.tgz', 'HASH  ./asset.tgz', 'HASH *asset.tgz'])('is read in the form %s', async (line) => {
    const other = `${'0'.repeat(64)}  other.tgz`;
    await verifyChecksum(file, `${other}\n${line.replace('HASH', HASH)}\n`, 'asset.tgz');
  });

  test('that does not name the file vouches for nothing', async () => {
    await expect(verifyChecksum(file, `${HASH}  asset.tgz.sig\n`, 'asset.tgz')).rejects.toThrow('does not name');
  });
});

test('versions are compared by number', () => {
  expect(compareVersions('1.10.0', '1.9.9')).toBeGreaterThan(0);
  expect(compareVersions('1.5.0-rc', '1.5.0')).toBe(0);
  expect(compareVersions('20.9.0', '20.19.0')).toBeLessThan(0);
});

test.each([
  [undefined, 'http://127.0.0.1:11434'],
  ['gpu-2', 'http://gpu-2:11434'],
  ['0.0.0.0:8080', 'http://127.0.0.1:8080'],
  ['https://ollama.example', 'https://ollama.example:443'],
  ['[::1]:1234', 'http://[::1]:1234'],
])('OLLAMA_HOST=%s leads to %s', (value, url) => {
  expect(ollamaUrl({ OLLAMA_HOST: value })).toBe(url);
});
