import { CancellationScope, getExternalWorkflowHandle, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { ProgramScope } from '../domain/program-scope.ts';
import { PART_NEWS_SIGNAL, type PartNews } from './contract.ts';
import type { Ledger } from './ledger.ts';
import type { Watcher } from './produce-program.ts';

export interface PartWatcher extends Watcher {
  /** Resolves when the run has the news, or is gone. */
  readonly tellRun: (doing: string) => Promise<void>;
}

/** Shows a part in the Web UI, and tells its run of each decision. What candidates do is shown only, which costs no event. */
export function watchPart(scope: ProgramScope, ledger: Ledger): PartWatcher {
  const candidates = new Map<number, string>();
  let doing = 'starting';
  const show = (): void => setCurrentDetails(describePart(scope, doing, candidates));
  const tellRun = (now: string): Promise<void> =>
    signalRun({ partId: scope.partId, doing: now, spent: ledger.spent }).catch(() => {});
  show();
  return {
    tellRun: (now) => CancellationScope.nonCancellable(() => tellRun(now)),
    onDecision(next) {
      doing = next;
      show();
      void tellRun(doing);
    },
    onCandidate(number, now) {
      candidates.set(number, now);
      show();
    },
  };
}

async function signalRun(news: PartNews): Promise<void> {
  const { parent } = workflowInfo();
  if (parent) await getExternalWorkflowHandle(parent.workflowId).signal<[PartNews]>(PART_NEWS_SIGNAL, news);
}

/** The part's contract, what it does, and its candidates, as Markdown for the Web UI. */
function describePart({ planned }: ProgramScope, doing: string, candidates: ReadonlyMap<number, string>): string {
  const head = planned ? [`**${planned.part.title}** in \`${planned.part.file}\``, ''] : [];
  const provides = planned?.part.provides.map((symbol) => `- \`${symbol.signature}\` ${symbol.doc}`) ?? [];
  const rows = [...candidates].map(([number, now]) => `| ${number} | ${now.replaceAll('|', '\\|')} |`);
  const table = rows.length > 0 ? ['', '| candidate | now |', '|---|---|', ...rows] : [];
  return [...head, ...provides, '', `Now: ${doing}`, ...table].join('\n');
}
