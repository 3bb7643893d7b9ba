/** Measures memory beside bare calls of its servers: `npm run bench:memory -- [--quick] [--out FILE]`. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeCircumstances } from '../describe-machine.ts';
import { describeServers } from './describe-servers.ts';
import { startBenchServers, type BenchServers } from './bench-servers.ts';
import { measureBlackHoles } from './measure-black-hole.ts';
import { measureReads, type ReadBench } from './measure-reads.ts';
import { measureRecalls } from './measure-recall.ts';
import { measureRecovered } from './measure-recovered.ts';
import { measureSearches } from './measure-search.ts';
import { FULL_PLAN, QUICK_PLAN } from './plan.ts';
import { renderMemoryReport } from './render-memory-report.ts';

const REPORT_FILE = join(import.meta.dirname, '../results/memory.md');

const { values: options } = parseArgs({
  options: {
    /** About a minute; the report goes to the terminal only, unless a file is named. */
    quick: { type: 'boolean', default: false },
    out: { type: 'string' },
  },
});

// Servers and services are processes of their own: an interrupt lets what runs end them.
const interrupted = new Promise<never>((_, reject) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => reject(new Error(signal)));
});

const out = options.out ?? (options.quick ? undefined : REPORT_FILE);
const folder = await mkdtemp(join(tmpdir(), 'hydra-bench-memory-'));
const servers = await startBenchServers();
try {
  const report = await Promise.race([measure(servers), interrupted]);
  process.stdout.write(`\n${report}`);
  if (out !== undefined) {
    await mkdir(dirname(out), { recursive: true });
    await writeFile(out, report);
    process.stdout.write(`\nWritten to ${out}\n`);
  }
} finally {
  await servers.stop();
  await rm(folder, { recursive: true, force: true });
}
// What an interrupt left behind keeps the process alive.
process.exit();

async function measure(servers: BenchServers): Promise<string> {
  const plan = options.quick ? QUICK_PLAN : FULL_PLAN;
  const report = (sentence: string) => void process.stderr.write(`${sentence}\n`);
  const bench: ReadBench = { servers, folder, plan, report };
  const circumstances = describeCircumstances('true');
  const reads = [...(await measureReads(bench)), await measureRecovered(bench)];
  const blackHoles = await measureBlackHoles(bench);
  const recalls = await measureRecalls(bench);
  const searches = await measureSearches(bench);
  const names = await describeServers(servers);
  return renderMemoryReport({ circumstances, servers: names, plan, reads, blackHoles, searches, recalls });
}
