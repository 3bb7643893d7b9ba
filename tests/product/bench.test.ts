import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findTemporalCommand } from '../support/own-temporal.ts';

const MAIN = join(import.meta.dirname, '../../bench/main.ts');
/** About a minute on a quiet machine, and several on one that does much else. */
const BENCH_LIMIT_MS = 600_000;

let folder: string;
let report: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hydra-bench-test-'));
  const out = join(folder, 'report.md');
  const bench = spawn(process.execPath, ['--import', 'tsx', MAIN, '--quick', '--out', out], {
    env: { ...process.env, HYDRA_TEMPORAL_CLI: findTemporalCommand() },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  bench.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const [code] = (await once(bench, 'close')) as [number | null];
  expect(code, errors).toBe(0);
  report = await readFile(out, 'utf8');
}, BENCH_LIMIT_MS);

afterAll(() => rm(folder, { recursive: true, force: true }));

/** One column of the table under a heading, as text. */
function column(heading: string, name: string): readonly string[] {
  const section = report.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const [head = [], , ...rows] = section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  return rows.map((row) => row[head.indexOf(name)] ?? '');
}

describe('the quick bench', () => {
  test('measures each load on both servers, and every request becomes verified code', () => {
    expect(column('Requests', 'Temporal')).toEqual(['hydra', 'stock', 'hydra', 'stock', 'hydra', 'stock']);
    expect(column('Requests', 'failed')).toEqual(['0', '0', '0', '0', '0', '0']);
  });

  test('makes one model call for each candidate', () => {
    expect(column('Where the time goes', 'model calls')).toEqual(['1.0', '1.0', '1.0', '1.0', '2.0', '2.0']);
  });

  test('shows what the real linter adds', () => {
    expect(column('With the real linter', 'linter')).toEqual(['instant', 'real']);
  });

  test('says what an idle service uses', () => {
    const [main, verify, , temporal] = column('Idle', 'memory MB').map(Number);
    // Less than this, a process without Temporal's worker would be measured.
    expect(main).toBeGreaterThan(80);
    expect(verify).toBeGreaterThan(80);
    expect(temporal).toBeGreaterThan(50);
  });

  test('tells nothing of where it ran but the kind of machine', () => {
    expect(report).not.toContain(tmpdir());
    expect(report).not.toContain(join(import.meta.dirname, '../..'));
  });
});
