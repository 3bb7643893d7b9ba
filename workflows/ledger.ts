import type { JudgedCandidate, Sample } from '../domain/candidate.ts';
import type { Language } from '../domain/language.ts';
import type { InvalidCause, ModelAnswer } from '../domain/model-step.ts';
import type { Repair } from '../domain/proven-work.ts';
import type { Example } from '../domain/request.ts';
import type { Spent } from '../domain/result.ts';
import { addSpent, NOTHING_SPENT, spentOn } from './spending.ts';

/** What has been made and spent for one program or part; it outlives a cancelled attempt, so that a limit can still settle. */
export interface Ledger {
  readonly judged: JudgedCandidate[];
  spent: Spent;
  /** Samples out of which no program came. */
  readonly lost: LostSample[];
  /** Calls that a model proposed as probes; null until it was asked. */
  proposedCalls: readonly Example[] | null;
  /** What a reader of the result would otherwise wonder about. */
  readonly notes: string[];
  secondsUsed: number;
}

export interface LostSample {
  readonly sample: Sample;
  /** `no_answer`: the call itself could not be made. */
  readonly cause: InvalidCause | 'no_answer';
  readonly problem: string;
}

export function openLedger(): Ledger {
  return { judged: [], spent: NOTHING_SPENT, lost: [], proposedCalls: null, notes: [], secondsUsed: 0 };
}

/** Counts what an answer has cost, whatever came out of it, and keeps what is to be said of it. */
export function spendOn(ledger: Ledger, { usage }: ModelAnswer): void {
  ledger.spent = addSpent(ledger.spent, spentOn(usage));
  if (usage.remark) ledger.notes.push(usage.remark);
}

/** The repairs that passed, each with what it mended. */
export function listRepairs({ judged }: Pick<Ledger, 'judged'>): readonly Repair[] {
  return judged.flatMap(({ candidate: { repairOf, programHash }, accepted }) => {
    const failed = judged.find((one) => one.candidate.programHash === repairOf && !one.accepted);
    if (!accepted || !failed) return [];
    return [{ failedHash: failed.candidate.programHash, verdictHash: failed.verdictHash, mendedHash: programHash }];
  });
}

/** What the result says about how the program was made, such as `2 of 5 answers held no program: cut off (2).` */
export function explainLedger({ judged, lost, notes }: Ledger, language: Language): readonly string[] {
  const unusable = lost.filter(({ cause }) => cause !== 'no_answer');
  const unasked = lost.filter(({ cause }) => cause === 'no_answer');
  // A merge is no answer of a model.
  const read = judged.filter(({ candidate }) => candidate.sample !== null).length;
  const total = read + unusable.length;
  const verb = total === 1 ? 'answer held' : 'answers held';
  const summary = `${unusable.length} of ${total} ${verb} no program: ${countCauses(unusable, language)}.`;
  return [
    ...new Set(notes),
    ...(unusable.length > 0 ? [summary] : []),
    ...new Set(unasked.map(({ problem }) => `A candidate could not be asked for: ${problem}`)),
  ];
}

function countCauses(lost: readonly LostSample[], language: Language): string {
  const counts = new Map<string, number>();
  for (const { cause } of lost) {
    const name = cause === 'cut_off' ? 'cut off' : `no ${language} code`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].map(([name, count]) => `${name} (${count})`).join(', ');
}
