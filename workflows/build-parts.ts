import {
  ChildWorkflowCancellationType,
  executeChild,
  isCancellation,
  ParentClosePolicy,
  workflowInfo,
} from '@temporalio/workflow';
import type { Classification } from '../domain/classification.ts';
import type { ContentHash, PartId } from '../domain/ids.ts';
import type { PlanPart } from '../domain/plan.ts';
import type { PartDependency, ProgramScope } from '../domain/program-scope.ts';
import type { RequestLimits } from '../domain/request.ts';
import type { PartReport } from '../domain/result.ts';
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
  /** Why there is no output. */
  readonly problem: string | null;
}

export interface PlanToBuild {
  readonly input: SynthesisInput;
  readonly classification: Classification;
  readonly planHash: ContentHash;
  readonly parts: readonly PlanPart[];
}

/**
 * Builds the parts of a plan, each as soon as what it uses is there, so hubs come first.
 * A part whose dependency failed is built nevertheless: its contract is known.
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
    built.set(part.id, await buildOne(plan, part, journal, built));
  };
  await Promise.all(plan.parts.map(start));
}

function usedParts(part: PlanPart, all: readonly PlanPart[]): readonly PlanPart[] {
  const ids = new Set(part.uses.map((use) => use.part));
  return all.filter((other) => ids.has(other.id));
}

async function buildOne(
  plan: PlanToBuild,
  part: PlanPart,
  journal: RunJournal,
  built: ReadonlyMap<PartId, BuiltPart>,
): Promise<BuiltPart> {
  const { input } = plan;
  await journal.setPart({ id: part.id, title: part.title, doing: 'building', done: false });
  try {
    const scope = scopeOf(plan, part, journal, built);
    const output = await executeChild(buildPart, {
      ...childOptions(input, part),
      args: [{ scope, timeouts: input.timeouts }],
    });
    journal.addSpent(output.spent);
    journal.addReport(reportPart(part, output));
    await journal.setPart({ id: part.id, title: part.title, doing: output.selection?.state ?? 'failed', done: true });
    return { part, output, problem: null };
  } catch (error) {
    if (isCancellation(error)) throw error;
    const problem = toReport(error).message;
    journal.explain(`Part ${part.id} failed: ${problem}`);
    await journal.setPart({ id: part.id, title: part.title, doing: `failed: ${problem}`, done: true });
    return { part, output: null, problem };
  }
}

function childOptions(input: SynthesisInput, part: PlanPart) {
  return {
    workflowId: partWorkflowId(input.runId, part.id),
    cancellationType: ChildWorkflowCancellationType.TRY_CANCEL,
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
  const { input, classification, planHash, parts } = plan;
  return {
    runId: input.runId,
    requestHash: input.requestHash,
    classification,
    partId: part.id,
    planned: { planHash, part, dependencies: finishedDependencies(part, parts, built) },
    priority: input.priority,
    limits: {
      ...shareOfLimits(input.limits, journal.spent(), parts.length - built.size),
      minutes: minutesLeft(input.limits),
    },
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

function reportPart(part: PlanPart, output: BuildPartOutput): PartReport {
  const usage = output.selection?.chosen.candidate.usage;
  return {
    id: part.id,
    title: part.title,
    state: output.selection?.state ?? 'failed',
    model: usage?.model ?? null,
    node: usage?.nodeId ?? null,
    attempts: output.spent.modelCalls,
    tokens: output.spent.tokens,
    seconds: output.seconds,
  };
}
