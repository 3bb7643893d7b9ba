import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startServer } from '../../api/server.ts';
import type { RunningServer } from '../../api/server.ts';
import type { WireImportReport } from '../../api/wire-memory.ts';
import { runCommandLine } from '../../cli/command-line.ts';
import type { RunId } from '../../domain/ids.ts';
import type { KeptEntry, NewEntry } from '../../domain/memory-entry.ts';
import { openApi } from '../support/api-harness.ts';
import type { OpenedApi } from '../support/api-harness.ts';
import { aTier, aWork } from '../support/entry-memory.ts';
import { createQuietTerminal } from '../support/quiet-terminal.ts';
import { runCli } from '../support/run-cli.ts';

let opened: OpenedApi;
let server: RunningServer;
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hydra-cli-memory-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(async () => {
  opened = await openApi();
  server = await startServer({ ...opened.deps, port: 0, shutdownGraceMs: 100 });
});
afterEach(async () => {
  await server.stop();
  await opened.close();
});

/** In this process, which is quicker. */
async function run(words: readonly string[]) {
  const terminal = createQuietTerminal();
  const surroundings = { environment: {}, folder, version: '0', terminal };
  const code = await runCommandLine(['memory', ...words, '--api', server.url], surroundings);
  return { code, stdout: terminal.printed.join('\n'), stderr: terminal.noted.join('') };
}

/** As a process of its own, with pipes at both ends. */
const runPiped = (words: readonly string[], stdin = '') => runCli(['memory', ...words, '--api', server.url], { stdin });

async function keep(count: number): Promise<readonly KeptEntry[]> {
  const kept: KeptEntry[] = [];
  for (let index = 0; index < count; index += 1) kept.push(await opened.entries.put(aWork(`task ${index}`)));
  return kept;
}

describe('hydra memory status', () => {
  it('shows each tier with what is wrong, and ends with 0 while the record works', async () => {
    const lag = { rows: 12, oldestAt: '2026-01-01T10:20:30.000Z', deadLetters: 2 };
    opened.entries.tiers = [
      aTier({ tier: 'L1', name: 'redis', state: 'down', detail: 'connection refused', lag }),
      aTier({ tier: 'L2', name: 'sqlite', isRecord: true, entries: 7, hitRate: 0.25, latencyMs: 0.31 }),
    ];
    const { code, stdout } = await run(['status']);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /L1 +redis +down +12 changes since 2026-01-01 10:20 UTC; 2 given up until a rebuild +connection refused/,
    );
    expect(stdout).toMatch(/L2 +sqlite \(record\) +up +7 +25 % of reads +0\.3 ms/);
  });

  it('ends with 1 when the record is down', async () => {
    opened.entries.tiers = [aTier({ tier: 'L2', name: 'sqlite', isRecord: true, state: 'down', detail: 'disk full' })];
    expect(await run(['status'])).toMatchObject({ code: 1, stdout: expect.stringContaining('disk full') as string });
  });
});

describe('hydra memory search, show and delete', () => {
  it('find an entry, show it by what the table shows of its ID, and forget it', async () => {
    const [entry] = await keep(1);
    opened.entries.degraded = ['no-embedding-model'];
    const { stdout } = await run(['search', 'task', '0']);
    const short = entry!.id.slice(0, 12);
    expect(stdout).toMatch(new RegExp(`${short} +work +0\\.5000 +text +run-1 +task 0`));
    expect(stdout).toContain('Degraded: no host has the embedding model, so only words were searched.');
    const shown = await run(['show', short]);
    expect(shown.stdout).toContain(`Entry      ${entry!.id}`);
    expect(shown.stdout).toContain('--- Code\ndef f(): ...');
    expect(await run(['delete', short])).toMatchObject({ code: 0 });
    expect(await run(['delete', entry!.id])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Memory keeps nothing under the ID') as string,
    });
  });

  it('tell what else the run of a deleted entry has left, and list it', async () => {
    const [work, other] = await keep(2);
    await opened.entries.put(aWork('of another run', { runId: 'run-2' as RunId }));
    const left = await run(['delete', work!.id]);
    expect(left.stdout).toContain('Its run has left more: hydra memory list --run run-1');
    const { stdout } = await run(['list', '--run', 'run-1']);
    expect(stdout).toMatch(new RegExp(`^${other!.id.slice(0, 12)} +work +default +run-1 +task 1`, 'm'));
    expect(stdout).not.toContain('run-2');
    expect((await run(['delete', other!.id])).stdout).not.toContain('has left more');
    expect((await run(['list', '--run', 'run-1'])).stdout).toContain('Nothing like that is kept.');
    await keep(2);
    const page = await run(['list', '--limit', '1']);
    expect(page.stderr).toMatch(/There are more: hydra memory list --cursor [0-9a-f]{64}/);
  });

  it('do not let what a model wrote steer the terminal, and give it as it is with --json', async () => {
    const red = '\u001b[31mred\u001b]0;title\u0007\u009b2J\r';
    const value = {
      kind: 'work',
      language: 'python',
      request: red,
      contract: '',
      code: `\tx = 1 # ${red}\ny`,
      tests: '',
    };
    const entry = await opened.entries.put({ ...aWork('red'), value, text: red } as NewEntry);
    const { stdout } = await run(['show', entry.id]);
    expect(stdout).toContain('\tx = 1 # [31mred]0;title2J\ny');
    for (const shown of [stdout, (await run(['search', 'red'])).stdout]) expect(shown).not.toMatch(/[^\P{Cc}\n\t]/u);
    expect(JSON.parse((await run(['show', entry.id, '--json'])).stdout)).toMatchObject({ value });
  });

  it.each([
    [['search', 'a', '--namespace', "x'; --"], '--namespace: must be 1 to 64'],
    [['search', 'a', '--kind', 'answer'], '--kind: must be one of work, lesson'],
    [['show', 'xyz'], 'id: must be 8 to 64 hexadecimal digits'],
    [['serch', 'a'], 'hydra memory has no "serch"; did you mean search?'],
  ])('name what is wrong and end with 2: %j', async (words, message) => {
    const { code, stderr } = await run(words);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(message) as string });
  });
});

describe('hydra memory export and import', () => {
  it('carry more entries than fit into one request, by a file and by pipes', async () => {
    const kept = await keep(700);
    const file = join(folder, 'all.jsonl');
    expect((await run(['export', file])).stderr).toContain(`Wrote 700 entries to ${file}.`);
    const piped = await runPiped(['export', '--kind', 'work']);
    expect(piped.stdout).toBe(readFileSync(file, 'utf8'));
    for (const { id } of kept) await opened.entries.remove(id);
    expect((await run(['import', file])).stdout).toContain('Took in 700 entries; left out 0:');
    expect((await runPiped(['import'], piped.stdout)).stdout).toContain('Took in 0 entries; left out 700:');
  });

  it('name bad lines by their numbers in the whole file, and end with 1', async () => {
    await keep(650);
    const { stdout: lines } = await runPiped(['export']);
    const broken = lines.split('\n').with(640, 'no entry').join('\n');
    const { code, stdout } = await runPiped(['import', '-'], broken);
    expect(code).toBe(1);
    expect(stdout).toContain('Took in 0 entries; left out 649:');
    expect(stdout).toContain('1 line is no entry:');
    expect(stdout).toContain('line 641: ');
  });

  it('name ten lines of a wrong file and say how many more there are', async () => {
    const wrong = 'no entry\n'.repeat(800);
    const { code, stdout } = await runPiped(['import', '-'], wrong);
    expect(code).toBe(1);
    expect(stdout).toContain('800 lines are no entry:\n  line 1: is not JSON\n');
    expect(stdout).toContain('  line 10: is not JSON\n  and 790 more');
    const report = JSON.parse((await runPiped(['import', '-', '--json'], wrong)).stdout) as WireImportReport;
    expect(report.refused).toBe(800);
    expect(report.problems).toHaveLength(100);
    expect(report.problems.at(-1)).toEqual({ line: 100, problem: 'is not JSON' });
  });

  it('say that an export broke off, and leave the file of before', async () => {
    const [entry] = await keep(1);
    opened.entries.list = async function* () {
      // More than the service holds back before it sends.
      for (let index = 0; index < 2_000; index += 1) yield entry!;
      throw new Error('the disk is gone');
    };
    const file = join(folder, 'kept.jsonl');
    writeFileSync(file, 'of before');
    const { code, stderr } = await run(['export', file]);
    expect(code).toBe(1);
    expect(stderr).toContain('The export broke off');
    expect(readFileSync(file, 'utf8')).toBe('of before');
    expect(existsSync(`${file}.part`)).toBe(false);
    expect(opened.errors).toHaveLength(1);
  });

  it('say which file cannot be read or written', async () => {
    expect(await run(['import', join(folder, 'missing')])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('missing cannot be read') as string,
    });
    expect(await run(['export', join(folder, 'no', 'folder')])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('cannot be written') as string,
    });
  });
});

describe('hydra memory rebuild and gc', () => {
  it('ask the service, which goes on by itself', async () => {
    expect((await run(['rebuild'])).stdout).toContain('The copies are being filled again.');
    const { stdout } = await run(['gc', '--dry-run']);
    expect(stdout).toContain('Would remove 6 entries:');
    expect(await run(['gc', '--json'])).toMatchObject({
      stdout: expect.stringContaining('"dry_run": false') as string,
    });
    expect(opened.entries.calls).toEqual([
      'rebuild',
      { retention: expect.anything() as unknown, dryRun: true },
      expect.objectContaining({ dryRun: false }),
    ]);
  });
});
