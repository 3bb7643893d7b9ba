/**
 * Records histories: `npx tsx tests/support/record-histories.ts [case…]`, all cases when none is named.
 * A change of the workflows that is guarded by `patched()` must replay the histories as they are: add a case and record that
 * one. Record all anew only after a change that no run in the wild can be in the middle of.
 */
import { createTemporalPullGateway } from '../../api/temporal-pull-gateway.ts';
import { SynthesisFailure } from '../../domain/failure.ts';
import type { NodeId, PartId, RunId } from '../../domain/ids.ts';
import type { SimulatedFault } from '../../models/simulated-node/faults.ts';
import { simulatedModel } from '../../models/simulated-node/options.ts';
import { startSimulatedNode, type SimulatedNode } from '../../models/simulated-node/start-simulated-node.ts';
import { partWorkflowId, pullWorkflowId } from '../../workflows/contract.ts';
import { HISTORY_CASES, PULL_CASES, type HistoryCase, type PullCase } from './history-cases.ts';
import { writeHistories, type StoredHistory } from './history-files.ts';
import { startHydra, type RunningHydra } from './running-hydra.ts';
import { waitUntil } from './wait-until.ts';

/** Slow enough that a second host is brought to a pull while the first is at it. */
const PULL_SPEED = { pullBytesPerSecond: 1024 ** 3 / 2 };

let answer: HistoryCase['answer'] = () => undefined;

async function record(cases: readonly HistoryCase[], pullCases: readonly PullCase[]): Promise<void> {
  const options = {
    speed: PULL_SPEED,
    models: [simulatedModel('qwen2.5-coder:7b', { parameterSize: '7B' })],
    answers: (question: Parameters<HistoryCase['answer']>[0]) => answer(question),
  };
  const nodes = [await startSimulatedNode(options), await startSimulatedNode(options)] as const;
  const hydra = await startHydra({ nodes: { first: nodes[0].url, second: nodes[1].url } });
  try {
    const histories: StoredHistory[] = [];
    for (const one of cases) histories.push(...(await recordCase(one, hydra, nodes)));
    for (const one of pullCases) histories.push(await recordPull(one, hydra, nodes));
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
  setFault(nodes, fault);
  const runId = await hydra.submit(request, id);
  if (isCancelled) await cancelOnceAModelWrites(hydra, runId);
  const { status, result, error } = await hydra.outcome(runId);
  if (status !== ends.status || result?.state !== ends.state) throw endedOtherwise(id, { status, result, error });
  process.stdout.write(`${id}: ${status}\n`);
  const workflowIds = [id, ...parts.map((part) => partWorkflowId(runId, part as PartId))];
  return Promise.all(workflowIds.map((workflowId) => fetchHistory(hydra, workflowId)));
}

async function recordPull(
  { id, fault, isCancelled, ends }: PullCase,
  { temporal, settings }: RunningHydra,
  nodes: readonly SimulatedNode[],
): Promise<StoredHistory> {
  setFault(nodes, fault);
  const pulls = createTemporalPullGateway({ client: temporal.client, heartbeatMs: settings.timeouts.heartbeatMs });
  const model = `${id}:1b`;
  await pulls.start(model, ['first' as NodeId]);
  await waitUntil(async () => ((await pulls.find(model))?.nodes[0]?.completedBytes ?? 0) > 0);
  const joined = await pulls.start(model, ['second' as NodeId]);
  if (isCancelled) await pulls.cancel(model);
  await waitUntil(async () => (await pulls.find(model))?.status !== 'running');
  const pull = await pulls.find(model);
  if (joined !== 'joined' || pull?.status !== ends.status) throw endedOtherwise(id, { joined, pull });
  process.stdout.write(`${id}: ${pull.status}\n`);
  // Workflow IDs of pulls have a colon, which not every file system has in its names.
  return { ...(await fetchHistory({ temporal }, pullWorkflowId(model))), workflowId: id };
}

function setFault(nodes: readonly SimulatedNode[], fault: SimulatedFault | undefined): void {
  for (const node of nodes) {
    node.faults.clear();
    if (fault) node.faults.add(fault);
  }
}

function endedOtherwise(id: string, seen: Readonly<Record<string, unknown>>): SynthesisFailure {
  return new SynthesisFailure('InvariantBroken', `${id} ended otherwise`, seen);
}

async function cancelOnceAModelWrites(hydra: RunningHydra, id: RunId): Promise<void> {
  await waitUntil(async () => (await hydra.events(id)).some(({ body }) => body.type === 'model.started'));
  await hydra.cancel(id);
}

async function fetchHistory({ temporal }: Pick<RunningHydra, 'temporal'>, workflowId: string): Promise<StoredHistory> {
  const handle = temporal.client.workflow.getHandle(workflowId);
  // The row of the run may be final a moment before its workflow is.
  await handle.result().catch(() => undefined);
  return { workflowId, history: await handle.fetchHistory() };
}

const names = process.argv.slice(2);
const isNamed = ({ id }: { readonly id: string }): boolean => names.length === 0 || names.includes(id);
await record(HISTORY_CASES.filter(isNamed), PULL_CASES.filter(isNamed));
