import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasRealChroma } from '../support/real-chroma.ts';

const MAIN = join(import.meta.dirname, '../../bench/memory/main.ts');
/** A minute on a quiet machine, and many on one that does much else. */
const BENCH_LIMIT_MS = 1_200_000;

const canRun = hasRealChroma() && spawnSync('redis-server', ['--version']).status === 0;
if (!canRun) process.stderr.write('The test of bench:memory is skipped: redis-server or Chroma is not installed.\n');

let folder: string;
let report: string;

/** The rows of the table under a heading, without its head. */
function rows(heading: string): readonly (readonly string[])[] {
  const section = report.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const lines = section.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

describe.skipIf(!canRun)('the quick bench of memory', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hydra-bench-test-'));
    const out = join(folder, 'report.md');
    const bench = spawn(process.execPath, ['--import', 'tsx', MAIN, '--quick', '--out', out], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let errors = '';
    bench.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    const [code] = (await once(bench, 'close')) as [number | null];
    expect(code, errors).toBe(0);
    report = await readFile(out, 'utf8');
  }, BENCH_LIMIT_MS);

  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('says of every aim whether it is met', () => {
    expect(rows('Aims').length).toBeGreaterThanOrEqual(15);
    expect(new Set(rows('Aims').map(([, , met]) => met))).not.toContain('');
  });

  test('reads through every tier and the whole, beside the driver of each server', () => {
    const drivers = new Set(rows('Reading').map((row) => row[5]));
    expect(drivers).toEqual(new Set(['better-sqlite3', 'ioredis', 'pg']));
    expect(rows('Reading').every((row) => Number(row[3]) > 0 && Number(row[6]) > 0)).toBe(true);
  });

  test('waits for a black-holed server no longer than for its deadline, and then no more', () => {
    for (const [name, deadlineMs, longest, after] of rows('One server black-holed')) {
      // A busy machine is later; without a deadline it would be for ever.
      expect(Number(longest)).toBeLessThan(Number(deadlineMs) + 10_000);
      // A busy machine may take the 20 ms of Redis for anything.
      if (name === 'postgres') expect(Number(after?.split(' ')[0])).toBeLessThan(Number(deadlineMs));
    }
  });

  test('finds the nearest entries with both indexes', () => {
    const shares = rows('The ten nearest entries').map((row) => Number(row[2]?.split(' ')[0]));
    expect(shares).toHaveLength(2);
    for (const share of shares) expect(share).toBeGreaterThan(80);
  });

  test('recalls every request that is asked again, with and without the tiers', () => {
    expect(rows('The same request again').map((row) => row[4])).toEqual(['3 of 3', '3 of 3']);
  });

  test('tells nothing of where it ran but the kind of machine', () => {
    expect(report).not.toContain(tmpdir());
    expect(report).not.toContain(join(import.meta.dirname, '../..'));
  });
});
