import { renderTable } from '../markdown-table.ts';
import { AIMS } from './plan.ts';
import type { MemoryReport } from './memory-report.ts';
import type { ReadMeasurement } from './measure-reads.ts';

/** An aim beside what was measured. */
interface Aim {
  readonly aim: string;
  readonly measured: string;
  readonly isMet: boolean;
}

/** A table of all aims, met or not. */
export function renderAims(report: MemoryReport): string {
  const aims = [...hitAims(report), ...blackHoleAims(report), ...recallAims(report), ...searchAims(report)];
  return renderTable([
    ['aim', 'measured', 'met'],
    ...aims.map(({ aim, measured, isMet }) => [aim, measured, isMet ? 'yes' : 'no']),
  ]);
}

function hitAims({ reads }: MemoryReport): readonly Aim[] {
  const ratioOf = ({ ours, bare }: ReadMeasurement): number => ours.p50Ms / bare.p50Ms;
  return reads
    .filter(({ part, outcome }) => part === 'whole' && outcome === 'hit')
    .map((read) => ({
      aim: `a hit of ${read.sizeBytes / 1000} kB, ${read.name}: at most ${AIMS.hitRatio}x ${read.bareName}`,
      measured: `${ratioOf(read).toFixed(2)}x (${((read.ours.p50Ms - read.bare.p50Ms) * 1000).toFixed(0)} µs more)`,
      isMet: ratioOf(read) <= AIMS.hitRatio,
    }));
}

function blackHoleAims({ blackHoles }: MemoryReport): readonly Aim[] {
  return blackHoles.map(({ name, deadlineMs, waiting }) => ({
    aim: `a miss with ${name} black-holed: at most its ${deadlineMs} ms and 10 %`,
    measured: `${waiting.maxMs.toFixed(1)} ms`,
    isMet: waiting.maxMs <= deadlineMs * AIMS.blackHoleRatio,
  }));
}

function recallAims({ recalls }: MemoryReport): readonly Aim[] {
  return recalls.map(({ name, alone, requests, second }) => ({
    aim: `the exact answer through the API, ${name}: under ${AIMS.recallMs} ms`,
    measured: `p50 ${alone.p50Ms.toFixed(0)} ms, p99 ${alone.p99Ms.toFixed(0)} ms`,
    isMet: alone.p99Ms < AIMS.recallMs && second.recalled === requests,
  }));
}

function searchAims({ searches }: MemoryReport): readonly Aim[] {
  return searches.map(({ name, vectors, ours }) => {
    const mostMs = name === 'chroma' ? AIMS.chromaSearchMs : AIMS.sqliteSearchMs;
    return {
      aim: `the ten nearest of ${vectors} with ${name}: under ${mostMs} ms`,
      measured: `p50 ${ours.p50Ms.toFixed(1)} ms, p99 ${ours.p99Ms.toFixed(1)} ms`,
      isMet: ours.p99Ms < mostMs,
    };
  });
}
