import { CancellationScope, setCurrentDetails } from '@temporalio/workflow';
import type { ModelAnswer } from '../domain/model-step.ts';
import type { PlanPart } from '../domain/plan.ts';
import type { PartId } from '../domain/ids.ts';
import type { PartReport, Spent } from '../domain/result.ts';
import type { PartProgress, Phase, RunProgress } from '../domain/run.ts';
import { formatCount } from '../domain/format-count.ts';
import { control } from './quick-steps.ts';
import type { PartNews, SynthesisInput } from './contract.ts';
import { addSpent, NOTHING_SPENT, spentOn } from './spending.ts';

/** What a run has done so far: shown in the Web UI, answered to queries, and the source of the result's reports. */
export interface RunJournal {
  readonly spent: () => Spent;
  /** Without what is spent by parts that are being built, each of which has its share. */
  readonly spentBesideOpenParts: () => Spent;
  readonly explanations: readonly string[];
  readonly reports: readonly PartReport[];
  readonly progress: () => RunProgress;
  readonly enterPhase: (phase: Phase, note: string) => Promise<void>;
  /** Shown in the Web UI only. */
  readonly showStep: (doing: string) => void;
  readonly startPart: (part: PlanPart) => Promise<void>;
  /** News of a part that is not being built, or not any more, is old: it is ignored. */
  readonly hearOfPart: (news: PartNews) => Promise<void>;
  /** The last word about a part; without `spent` the part's own news counts. */
  readonly endPart: (id: PartId, doing: string, spent?: Spent) => Promise<void>;
  readonly spentOnPart: (id: PartId) => Spent;
  /** Says in the result what a reader would otherwise wonder about. */
  readonly explain: (explanation: string) => void;
  readonly addAnswer: (answer: ModelAnswer) => void;
  readonly addReport: (report: PartReport) => void;
}

interface PartEntry {
  readonly progress: PartProgress;
  readonly spent: Spent;
}

/** `whole` knows what candidates for the whole program cost, while they are made. */
export function createRunJournal(input: SynthesisInput, whole: { readonly spent: Spent }): RunJournal {
  const { runId, requestHash } = input;
  let phase: Phase = 'recall';
  let spentOnAnswers = NOTHING_SPENT;
  const parts = new Map<PartId, PartEntry>();
  const explanations: string[] = [];
  const reports = new Map<PartId, PartReport>();

  const spentBeside = (open: boolean): Spent => {
    const counted = [...parts.values()].filter((part) => open || part.progress.done);
    return counted.map((part) => part.spent).reduce(addSpent, addSpent(spentOnAnswers, whole.spent));
  };
  const progress = (): RunProgress => ({
    phase,
    parts: [...parts.values()].map((part) => part.progress),
    ...spentBeside(true),
  });
  const publishPart = async (part: PartProgress): Promise<void> => {
    setCurrentDetails(describeProgress(progress(), `${part.title}: ${part.doing}`));
    await control.recordProgress({ runId, requestHash, progress: progress(), news: { part } });
  };
  const changePart = (id: PartId, change: Partial<PartProgress>, spent?: Spent): Promise<void> => {
    const entry = parts.get(id);
    if (!entry || entry.progress.done) return Promise.resolve();
    const changed = { progress: { ...entry.progress, ...change }, spent: spent ?? entry.spent };
    parts.set(id, changed);
    return publishPart(changed.progress);
  };
  return {
    spent: () => spentBeside(true),
    spentBesideOpenParts: () => spentBeside(false),
    explanations,
    get reports() {
      return [...reports.values()];
    },
    progress,
    enterPhase(next, note) {
      phase = next;
      setCurrentDetails(describeProgress(progress(), note));
      return control.recordProgress({ runId, requestHash, progress: progress(), news: { note } });
    },
    showStep: (doing) => setCurrentDetails(describeProgress(progress(), doing)),
    startPart({ id, title }) {
      const part: PartProgress = { id, title, doing: 'starting', done: false };
      parts.set(id, { progress: part, spent: NOTHING_SPENT });
      return publishPart(part);
    },
    hearOfPart: ({ partId, doing, spent }) => changePart(partId, { doing }, spent),
    // Also at a limit, which cancels what is done beside: readers must not see the part go on for ever.
    endPart: (id, doing, spent) => CancellationScope.nonCancellable(() => changePart(id, { doing, done: true }, spent)),
    spentOnPart: (id) => parts.get(id)?.spent ?? NOTHING_SPENT,
    explain: (explanation) => void explanations.push(explanation),
    addAnswer: ({ usage }) => {
      spentOnAnswers = addSpent(spentOnAnswers, spentOn(usage));
      if (usage.remark && !explanations.includes(usage.remark)) explanations.push(usage.remark);
    },
    addReport: (report) => void reports.set(report.id, report),
  };
}

/** The run as Markdown for the Web UI. */
function describeProgress(progress: RunProgress, note: string): string {
  const head = `**${progress.phase}** — ${note}\n\n${formatCount(progress.modelCalls, 'model call')}, ${formatCount(progress.tokens, 'token')}`;
  if (progress.parts.length === 0) return head;
  const rows = progress.parts.map(
    (part) => `| ${part.id} | ${part.title} | ${part.doing} | ${part.done ? 'yes' : ''} |`,
  );
  return [head, '', '| part | title | doing | done |', '|---|---|---|---|', ...rows].join('\n');
}
