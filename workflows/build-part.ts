import { setCurrentDetails } from '@temporalio/workflow';
import type { BuildPartInput, BuildPartOutput } from './contract.ts';
import { openLedger, produceProgram } from './produce-program.ts';

/** Builds one part of a plan: candidates, verification, repair. One child workflow per part. */
export async function buildPart(input: BuildPartInput): Promise<BuildPartOutput> {
  const startedAt = Date.now();
  const ledger = openLedger();
  setCurrentDetails(describePart(input));
  const selection = await produceProgram(input.scope, ledger, input.timeouts);
  return { selection, spent: ledger.spent, seconds: (Date.now() - startedAt) / 1000 };
}

/** The part's contract as Markdown for the Web UI. */
function describePart({ scope }: BuildPartInput): string {
  const part = scope.planned?.part;
  if (!part) return '';
  const provides = part.provides.map((symbol) => `- \`${symbol.signature}\` ${symbol.doc}`);
  return [`**${part.title}** in \`${part.file}\``, '', ...provides].join('\n');
}
