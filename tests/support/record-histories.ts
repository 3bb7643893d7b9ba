/**
 * Records histories: `npx tsx tests/support/record-histories.ts [case…]`, all cases when none is named.
 * A change of the workflows that is guarded by `patched()` must replay the histories as they are: add a case and record that
 * one. Record all anew only after a change that no run in the wild can be in the middle of.
 */
import { SynthesisFailure } from '../../domain/failure.ts';
import type { PartId, RunId } from '../../domain/ids.ts';
import { simulatedModel } from '../../models/simulated-node/options.ts';
import { startSimulatedNode, type SimulatedNode } from '../../models/simulated-node/start-simulated-node.ts';
import { partWorkflowId } from '../../workflows/contract.ts';
import { HISTORY_CASES, type HistoryCase } from './history-cases.ts';
import { writeHistories, type StoredHistory } from './history-files.ts';
import { startHydra, type RunningHydra } from './running-hydra.ts';
import { waitUntil } from './wait-until.ts';

let answer: HistoryCase['answer'] = () => undefined;

async function record(cases: readonly HistoryCase[]): Promise<void> {
  const options = {
    models: [simulatedModel('qwen2.5-coder:7b', { parameterSize: '7B' })],
    answers: (question: Parameters<HistoryCase['answer']>[0]) => answer(question),
  };
  const nodes = [await startSimulatedNode(options), await startSimulatedNode(options)] as const;
  const hydra = await startHydra({ nodes: { first: nodes[0].url, second: nodes[1].url } });
  try {
    const histories: StoredHistory[] = [];
    for (const one of cases) histories.push(...(await recordCase(one, hydra, nodes)));
    await writeHistories(histories);
  } finally {
    await hydra.stop();
    await Promise.all(nodes.map((node) => node.close()));
  }
}

async function recordCase(
  { id, request, fault, isCancelled, parts = [], ends, ...rest }: HistoryCase,
  hydra: RunningHydra,
  nodes: readonly SimulatedNode[],
): Promise<readonly StoredHistory[]> {
  answer = rest.answer;
  for (const node of nodes) {
    node.faults.clear();
    if (fault) node.faults.add(fault);
  }
  const runId = await hydra.submit(request, id);
  if (isCancelled) await cancelOnceAModelWrites(hydra, runId);
  const { status, result, error } = await hydra.outcome(runId);
  if (status !== ends.status || result?.state !== ends.state)
    throw new SynthesisFailure('InvariantBroken', `${id} ended otherwise`, { status, result, error });
  process.stdout.write(`${id}: ${status}\n`);
  const workflowIds = [id, ...parts.map((part) => partWorkflowId(runId, part as PartId))];
  return Promise.all(workflowIds.map((workflowId) => fetchHistory(hydra, workflowId)));
}

async function cancelOnceAModelWrites(hydra: RunningHydra, id: RunId): Promise<void> {
  await waitUntil(async () => (await hydra.events(id)).some(({ body }) => body.type === 'model.started'));
  await hydra.cancel(id);
}

async function fetchHistory(hydra: RunningHydra, workflowId: string): Promise<StoredHistory> {
  const handle = hydra.temporal.client.workflow.getHandle(workflowId);
  // The row of the run may be final a moment before its workflow is.
  await handle.result().catch(() => undefined);
  return { workflowId, history: await handle.fetchHistory() };
}

const names = process.argv.slice(2);
await record(HISTORY_CASES.filter(({ id }) => names.length === 0 || names.includes(id)));
