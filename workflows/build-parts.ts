import {
  CancellationScope,
  ChildWorkflowCancellationType,
  ChildWorkflowFailure,
  executeChild,
  isCancellation,
  ParentClosePolicy,
  TerminatedFailure,
  workflowInfo,
} from '@temporalio/workflow';
import type { Classification } from '../domain/classification.ts';
import type { ContentHash, PartId } from '../domain/ids.ts';
import type { PlanPart } from '../domain/plan.ts';
import type { PartDependency, ProgramScope } from '../domain/program-scope.ts';
import type { RequestLimits } from '../domain/request.ts';
import type { PartReport, Spent } from '../domain/result.ts';
import { buildPart } from './build-part.ts';
import { toReport } from './to-report.ts';
import { partWorkflowId } from './contract.ts';
import type { BuildPartOutput, SynthesisInput } from './contract.ts';
import type { RunJournal } from './run-journal.ts';
import { shareOfLimits } from './spending.ts';

/** A part with what its child workflow brought back. */
export interface BuiltPart {
  readonly part: PlanPart;
  readonly output: BuildPartOutput | null;
}

export interface PlanToBuild {
  readonly input: SynthesisInput;
  readonly classification: Classification;
  readonly planHash: ContentHash;
  readonly parts: readonly PlanPart[];
  /** What memory offers to the run. */
  readonly offeredHash: ContentHash | null;
}

/**
 * Builds the parts of a plan, each as soon as what it uses is there, so hubs come first.
 * A part whose dependency failed is built nevertheless: its contract is known.
 * When it is cancelled, by a limit, it ends after the parts that are being built have put what they have into `built`.
 */
export async function buildParts(plan: PlanToBuild, journal: RunJournal, built: Map<PartId, BuiltPart>): Promise<void> {
  const pending = new Map<PartId, Promise<void>>();
  const start = (part: PlanPart): Promise<void> => {
    const running = pending.get(part.id) ?? buildAfterDependencies(part);
    pending.set(part.id, running);
    return running;
  };
  const buildAfterDependencies = async (part: PlanPart): Promise<void> => {
    await Promise.all(usedParts(part, plan.parts).map(start));
    // At the limit, what was not begun stays so.
    if (isRunEnding()) return;
    await buildOne(plan, part, journal, built);
  };
  const ended = await Promise.allSettled(plan.parts.map(start));
  const failed = ended.find((one) => one.status === 'rejected');
  if (failed) throw failed.reason;
}

function usedParts(part: PlanPart, all: readonly PlanPart[]): readonly PlanPart[] {
  const ids = new Set(part.uses.map((use) => use.part));
  return all.filter((other) => ids.has(other.id));
}

async function buildOne(
  plan: PlanToBuild,
  part: PlanPart,
  journal: RunJournal,
  built: Map<PartId, BuiltPart>,
): Promise<void> {
  const { input } = plan;
  const startedAt = Date.now();
  try {
    await journal.startPart(part);
    const scope = scopeOf(plan, part, journal, built);
    const args: Parameters<typeof buildPart> = [{ scope, timeouts: input.timeouts }];
    const output = await executeChild(buildPart, { ...childOptions(input, part), args });
    built.set(part.id, { part, output });
    for (const sentence of explainPart(part, output)) journal.explain(sentence);
    journal.addReport(reportPart(part, output, output.spent, output.seconds));
    await journal.endPart(part.id, describeEnd(output), output.spent);
  } catch (error) {
    if (isCancellation(error) && isRunEnding()) {
      await journal.endPart(part.id, 'not begun');
      throw error;
    }
    const how = describeFailure(error);
    built.set(part.id, { part, output: null });
    journal.explain(`Part ${part.id} ${how}`);
    journal.addReport(reportPart(part, null, journal.spentOnPart(part.id), (Date.now() - startedAt) / 1000));
    await journal.endPart(part.id, how);
  }
}

/** True when the run is cancelled or at its limit of time; a part that is cancelled otherwise was cancelled by hand. */
function isRunEnding(): boolean {
  return CancellationScope.current().consideredCancelled;
}

function describeFailure(error: unknown): string {
  if (isCancellation(error)) return 'was cancelled by hand in Temporal before it began.';
  if (error instanceof ChildWorkflowFailure && error.cause instanceof TerminatedFailure)
    return 'was terminated by hand in Temporal.';
  return `failed: ${toReport(error).message}`;
}

function explainPart(part: PlanPart, { selection, notes, wasCancelled }: BuildPartOutput): readonly string[] {
  const named = notes.map((note) => `Part ${part.id}: ${note}`);
  if (!wasCancelled) return named;
  const how = isRunEnding() ? 'was still being built at the end' : 'was cancelled by hand in Temporal';
  const what = selection ? 'its best candidate until then was taken' : 'it had no candidate by then';
  return [...named, `Part ${part.id} ${how}; ${what}.`];
}

function describeEnd({ selection, wasCancelled }: BuildPartOutput): string {
  const state = selection?.state ?? 'failed';
  if (!wasCancelled) return state;
  return `${state}, ${isRunEnding() ? 'ended with the run' : 'cancelled by hand'}`;
}

function childOptions(input: SynthesisInput, part: PlanPart) {
  return {
    workflowId: partWorkflowId(input.runId, part.id),
    // A cancelled part ends at once and hands back what it has.
    cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
    parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
    staticSummary: `${part.title} (${part.file})`.slice(0, 200),
  };
}

function scopeOf(
  plan: PlanToBuild,
  part: PlanPart,
  journal: RunJournal,
  built: ReadonlyMap<PartId, BuiltPart>,
): ProgramScope {
  const { input, classification, planHash, parts, offeredHash } = plan;
  return {
    runId: input.runId,
    requestHash: input.requestHash,
    classification,
    partId: part.id,
    planned: { planHash, part, dependencies: finishedDependencies(part, parts, built) },
    priority: input.priority,
    limits: {
      ...shareOfLimits(input.limits, journal.spentBesideOpenParts(), parts.length - built.size),
      minutes: minutesLeft(input.limits),
    },
    offeredHash,
  };
}

/** Parts plan their samples by the time that is left of the run. */
function minutesLeft({ minutes }: RequestLimits): number {
  const elapsedMinutes = (Date.now() - workflowInfo().startTime.getTime()) / 60_000;
  return Math.max(0, minutes - elapsedMinutes);
}

/** Everything that the part needs to run, its dependencies' dependencies included. */
function finishedDependencies(
  part: PlanPart,
  all: readonly PlanPart[],
  built: ReadonlyMap<PartId, BuiltPart>,
): readonly PartDependency[] {
  const found = new Map<PartId, ContentHash>();
  const visit = (current: PlanPart): void => {
    for (const used of usedParts(current, all)) {
      const chosen = built.get(used.id)?.output?.selection?.chosen;
      if (!chosen || found.has(used.id)) continue;
      found.set(used.id, chosen.candidate.programHash);
      visit(used);
    }
  };
  visit(part);
  return [...found].map(([partId, programHash]) => ({ partId, programHash }));
}

function reportPart(part: PlanPart, output: BuildPartOutput | null, spent: Spent, seconds: number): PartReport {
  const usage = output?.selection?.chosen.candidate.usage;
  return {
    id: part.id,
    title: part.title,
    state: output?.selection?.state ?? 'failed',
    model: usage?.model ?? null,
    node: usage?.nodeId ?? null,
    attempts: spent.modelCalls,
    tokens: spent.tokens,
    seconds,
  };
}
