import { formatCount } from '../domain/format-count.ts';
import type { WireCheck, WireRun, WireRunSummary } from '../api/wire-run.ts';

/** Rows as columns that line up; the first row is the head. */
export function formatTable(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

export function formatDuration(ms: number): string {
  if (ms < 9_950) return `${(ms / 1_000).toFixed(1)} s`;
  // Rounded first: 59.6 s is a minute.
  const seconds = Math.round(ms / 1_000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** Text on one line, cut to a width. */
export function formatExcerpt(text: string, width: number): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > width ? `${line.slice(0, width - 1)}…` : line;
}

/** What a run is, in a few words. */
export function formatState(run: Pick<WireRunSummary, 'status' | 'state'>): string {
  return run.status === 'completed' && run.state ? run.state : run.status;
}

const STATE_MEANINGS = {
  verified: 'your tests or examples ran and passed',
  consistent: 'it ran, and candidates agree; nothing of yours to check against',
  unverified: 'nothing proves it',
  partial: 'a part is missing, or a check failed',
} as const;

/** Everything about a run but its code, for people. */
export function describeRun(run: WireRun): readonly string[] {
  const { result, error, progress } = run;
  return [
    `Run      ${run.workflow_id}`,
    `Prompt   ${formatExcerpt(run.prompt, 100)}`,
    `Status   ${run.status}${run.status === 'queued' ? ': no worker has taken it up yet' : ''}`,
    ...(progress && result === null && error === null ? describeProgress(progress) : []),
    ...(result ? describeResult(result) : []),
    ...(error ? [`Error    ${error.type}: ${error.message}`] : []),
  ];
}

function describeProgress(progress: NonNullable<WireRun['progress']>): readonly string[] {
  const calls = formatCount(progress.model_calls, 'model call');
  return [
    `Phase    ${progress.phase}, ${calls}, ${formatCount(progress.tokens, 'token')}`,
    ...progress.waiting.map(describeWait),
    ...progress.parts.map((part) => `           ${part.done ? 'done' : 'open'}  ${part.title}: ${part.doing}`),
  ];
}

type WireWait = NonNullable<WireRun['progress']>['waiting'][number];

function describeWait({ part, model, calls, reason, since }: WireWait): string {
  const of = part === null || part === 'whole' ? '' : ` of ${part}`;
  const who = calls > 1 || of !== '' ? `${formatCount(calls, 'call')}${of} ` : '';
  const time = since.slice(11, 19);
  return `Waiting  ${who}for ${model ?? 'a model'} since ${time} UTC: ${reason}`;
}

function describeResult(result: NonNullable<WireRun['result']>): readonly string[] {
  const how = result.runner === null ? 'nothing was run' : `run in ${result.runner}`;
  return [
    `Result   ${result.state}: ${STATE_MEANINGS[result.state]}`,
    `Language ${result.language}, ${how}`,
    ...(result.recalled_from === null ? [] : [`Recalled from run ${result.recalled_from}`]),
    ...result.checks.map(describeCheck),
    ...result.parts.map((part) => {
      const where = part.model === null ? '' : ` · ${part.model} on ${part.node}`;
      return `Part     ${part.title}: ${part.state}${where} · ${formatCount(part.attempts, 'call')}, ${formatCount(part.tokens, 'token')}, ${part.seconds.toFixed(1)} s`;
    }),
    ...result.explanations.map((explanation) => `Note     ${explanation}`),
  ];
}

function describeCheck(check: WireCheck): string {
  const count = check.total_count > 0 ? ` ${check.passed_count} of ${check.total_count}` : '';
  const evidence =
    check.outcome === 'passed' || check.evidence === '' ? '' : ` · ${formatExcerpt(check.evidence, 100)}`;
  return `Check    ${check.kind} by ${check.author}: ${check.outcome}${count}${evidence}`;
}
