import { setCurrentDetails } from '@temporalio/workflow';
import type { ModelAnswer } from '../domain/model-step.ts';
import type { PartId } from '../domain/ids.ts';
import type { PartReport, Spent } from '../domain/result.ts';
import type { PartProgress, Phase, RunProgress } from '../domain/run.ts';
import { control } from './quick-steps.ts';
import type { SynthesisInput } from './contract.ts';
import { addSpent, NOTHING_SPENT } from './spending.ts';

/** What a run has done so far: shown in the Web UI, answered to queries, and the source of the result's reports. */
export interface RunJournal {
  readonly spent: () => Spent;
  readonly explanations: readonly string[];
  readonly reports: readonly PartReport[];
  readonly progress: () => RunProgress;
  readonly enterPhase: (phase: Phase, note: string) => Promise<void>;
  readonly setPart: (part: PartProgress) => Promise<void>;
  /** Says in the result what a reader would otherwise wonder about. */
  readonly explain: (explanation: string) => void;
  readonly addAnswer: (answer: ModelAnswer) => void;
  readonly addSpent: (spent: Spent) => void;
  readonly addReport: (report: PartReport) => void;
}

/** `whole` knows what candidates for the whole program cost, while they are made. */
export function createRunJournal(input: SynthesisInput, whole: { readonly spent: Spent }): RunJournal {
  let phase: Phase = 'recall';
  let spentBeside = NOTHING_SPENT;
  const parts = new Map<string, PartProgress>();
  const explanations: string[] = [];
  const reports = new Map<PartId, PartReport>();

  const spent = (): Spent => addSpent(spentBeside, whole.spent);
  const progress = (): RunProgress => ({ phase, parts: [...parts.values()], ...spent() });
  const publish = async (note: string): Promise<void> => {
    setCurrentDetails(describeProgress(progress(), note));
    await control.recordProgress({ runId: input.runId, requestHash: input.requestHash, progress: progress(), note });
  };
  return {
    spent,
    explanations,
    get reports() {
      return [...reports.values()];
    },
    progress,
    enterPhase(next, note) {
      phase = next;
      return publish(note);
    },
    setPart(part) {
      parts.set(part.id, part);
      return publish(`${part.title}: ${part.doing}`);
    },
    explain: (explanation) => void explanations.push(explanation),
    addAnswer: ({ usage }) => {
      spentBeside = addSpent(spentBeside, { modelCalls: 1, tokens: usage.promptTokens + usage.completionTokens });
    },
    addSpent: (more) => {
      spentBeside = addSpent(spentBeside, more);
    },
    addReport: (report) => void reports.set(report.id, report),
  };
}

/** The run as Markdown for the Web UI. */
function describeProgress(progress: RunProgress, note: string): string {
  const head = `**${progress.phase}** — ${note}\n\n${progress.modelCalls} model calls, ${progress.tokens} tokens`;
  if (progress.parts.length === 0) return head;
  const rows = progress.parts.map(
    (part) => `| ${part.id} | ${part.title} | ${part.doing} | ${part.done ? 'yes' : ''} |`,
  );
  return [head, '', '| part | title | doing | done |', '|---|---|---|---|', ...rows].join('\n');
}
