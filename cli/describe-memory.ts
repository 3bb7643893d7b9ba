import type { WireEntry, WireEntryList } from '../api/wire-entry.ts';
import type { WireMemoryAnswer, WireMemoryStatus, WireRetention, WireTier } from '../api/wire-memory.ts';
import { formatCount } from '../domain/format-count.ts';
import { describeOffTier } from '../workers/advise-tier.ts';
import { formatExcerpt, formatTable } from './format.ts';

/** The tiers as a table, in the order in which they are read. */
export function describeTiers({ tiers }: WireMemoryStatus): readonly string[] {
  return formatTable([TIER_HEAD, ...tiers.map(describeTier)]);
}

const TIER_HEAD: readonly string[] = ['TIER', 'NAME', 'STATE', 'ENTRIES', 'ANSWERS', 'LATENCY', 'BEHIND', ''];

function describeTier(tier: WireTier): readonly string[] {
  return [
    tier.tier,
    tier.is_record ? `${tier.name} (record)` : tier.name,
    tier.state,
    String(tier.entries ?? ''),
    tier.hit_rate === null ? '' : `${Math.round(tier.hit_rate * 100)} % of reads`,
    tier.latency_ms === null ? '' : formatLatency(tier.latency_ms),
    tier.lag === null ? '' : describeLag(tier.lag),
    tier.state === 'off' ? describeOffTier(tier) : tier.detail,
  ];
}

function formatLatency(ms: number): string {
  return ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`;
}

function describeLag({ rows, oldest_at: oldestAt, dead_letters: dead }: NonNullable<WireTier['lag']>): string {
  const since = oldestAt === null ? '' : ` since ${oldestAt.slice(0, 16).replace('T', ' ')} UTC`;
  const waiting = rows === 0 ? 'no' : `${formatCount(rows, 'change')}${since}`;
  return dead === 0 ? waiting : `${waiting}; ${dead} given up until a rebuild`;
}

// Enough of an ID to be the only one, also among millions.
const ID_CHARACTERS = 12;
const TITLE_WIDTH = 70;

/** What a search found as a table, with what keeps it from being more. */
export function describeAnswer({ found, degraded }: WireMemoryAnswer): readonly string[] {
  const rows = found.map(({ entry, score, found_by: foundBy }) => [
    entry.id.slice(0, ID_CHARACTERS),
    entry.kind,
    score.toFixed(4),
    foundBy.join(', '),
    entry.workflow_id,
    formatExcerpt(entry.title, TITLE_WIDTH),
  ]);
  const table =
    rows.length === 0
      ? ['Nothing like it is kept.']
      : formatTable([['ID', 'KIND', 'SCORE', 'FOUND BY', 'RUN', 'WHAT'], ...rows]);
  return [...table, ...describeDegradation(degraded)];
}

const DEGRADATIONS: Readonly<Record<WireMemoryAnswer['degraded'][number], string>> = {
  'no-embedding-model': 'no host has the embedding model, so only words were searched',
  'vectors-not-ready': 'vectors are still being made, so some entries are found by their words only',
  'vectors-in-sqlite': 'Chroma is not there, so the vectors in SQLite were searched',
  'no-vectors': 'no index of vectors answers, so only words were searched',
};

function describeDegradation(degraded: WireMemoryAnswer['degraded']): readonly string[] {
  if (degraded.length === 0) return [];
  const reasons = degraded.map((reason) => DEGRADATIONS[reason]).join('; ');
  return ['', `Degraded: ${reasons}. Look with: hydra memory status`];
}

/** Entries as a table, with where they came from. */
export function describeEntries({ entries }: WireEntryList): readonly string[] {
  if (entries.length === 0) return ['Nothing like that is kept.'];
  const rows = entries.map((entry) => [
    entry.id.slice(0, ID_CHARACTERS),
    entry.kind,
    entry.namespace,
    entry.workflow_id,
    formatExcerpt(entry.title, TITLE_WIDTH),
  ]);
  return formatTable([['ID', 'KIND', 'NAMESPACE', 'RUN', 'WHAT'], ...rows]);
}

/** One entry with all that is kept of it. */
export function describeEntry(entry: WireEntry): readonly string[] {
  return [
    `Entry      ${entry.id}`,
    `Kind       ${entry.kind}, version ${entry.version}`,
    `Namespace  ${entry.namespace}`,
    `Run        ${entry.workflow_id}`,
    `Written    ${entry.updated_at.slice(0, 19).replace('T', ' ')} UTC`,
    ...(entry.expires_at === null ? [] : [`Expires    ${entry.expires_at.slice(0, 19).replace('T', ' ')} UTC`]),
    ...describeValue(entry.value),
  ];
}

function describeValue(value: WireEntry['value']): readonly string[] {
  switch (value.kind) {
    case 'answer':
      return [
        `Result     ${value.result.state}, ${value.result.language}`,
        ...value.result.files.flatMap(({ path, content }) => section(path, content)),
      ];
    case 'work':
      return [
        `Language   ${value.language}`,
        ...section('Request', value.request),
        ...section('Contract', value.contract),
        ...section('Code', value.code),
        ...section('Tests', value.tests),
      ];
    case 'lesson':
      return [`Language   ${value.language}`, ...section('Error', value.error), ...section('Fix', value.fix)];
    case 'embedding':
      return [`Model      ${value.model}, ${value.vector.length} dimensions`];
    default:
      return value satisfies never;
  }
}

function section(title: string, text: string): readonly string[] {
  return text.trim() === '' ? [] : ['', `--- ${title}`, ...text.trimEnd().split('\n')];
}

/** What a collection removed, or would remove. */
export function describeRetention(report: WireRetention): readonly string[] {
  const { dry_run: isDryRun, expired, aged, over_limit: overLimit, tombstones } = report;
  return [
    `${isDryRun ? 'Would remove' : 'Removed'} ${formatCount(expired + aged + overLimit, 'entry', 'entries')}:`,
    `  ${expired} expired`,
    `  ${aged} not written again for longer than HYDRA_MEMORY_DAYS`,
    `  ${overLimit} of the oldest, for more than HYDRA_MEMORY_MB`,
    `and ${formatCount(tombstones, 'mark')} of what was deleted long ago.`,
  ];
}
