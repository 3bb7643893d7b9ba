/** A process that is one simulated Ollama host; it carries out the orders of the process that started it. */
import type { LogSnapshot } from '../../../models/simulated-node/call-log.ts';
import { simulatedModel } from '../../../models/simulated-node/options.ts';
import { startSimulatedNode, type SimulatedNode } from '../../../models/simulated-node/start-simulated-node.ts';
import { answerTo, callIdIn } from './bench-texts.ts';
import type { HostAnswer, HostOrder, HostReport } from './host-messages.ts';

/** Tokens within this time are written together: no reader of the bench looks more closely, and six hosts share two cores. */
const WRITE_INTERVAL_MS = 20;

const past: LogSnapshot[] = [];
let node: SimulatedNode | null = null;

process.on('message', (order: HostOrder) => {
  void carryOut(order)
    .catch((error: unknown): HostAnswer => ({ kind: 'failed', message: String(error) }))
    .then((answer) => process.send?.(answer));
});
process.once('disconnect', () => process.exit());

async function carryOut(order: HostOrder): Promise<HostAnswer> {
  switch (order.kind) {
    case 'start':
      node = await start(order);
      return { kind: 'started', url: node.url };
    case 'crash':
      if (node !== null) past.push(node.log());
      await node?.kill();
      node = null;
      return { kind: 'done' };
    case 'fault':
      node?.faults.add(order.fault);
      return { kind: 'done' };
    case 'report':
      return { kind: 'report', report: reportOf([...past, ...(node === null ? [] : [node.log()])]) };
    default:
      return order satisfies never;
  }
}

function start({ host, models, port }: Extract<HostOrder, { kind: 'start' }>): Promise<SimulatedNode> {
  const own = models.filter(({ name }) => name in host.speeds);
  return startSimulatedNode({
    port,
    models: own.map(({ name, sizeBytes }) => simulatedModel(name, { sizeBytes })),
    slots: host.slots,
    vramBytes: host.vramBytes,
    speed: { loadBytesPerSecond: host.loadBytesPerSecond },
    modelSpeeds: host.speeds,
    sharesCompute: true,
    cachesPrompts: true,
    writeIntervalMs: WRITE_INTERVAL_MS,
    answers: ({ prompt }) => answerTo(prompt),
  });
}

function reportOf(logs: readonly LogSnapshot[]): HostReport {
  const calls = logs.flatMap((log) => log.calls);
  return {
    calls: calls.map(({ body, startedAt, endedAt, ending }) => ({
      callId: callIdIn(JSON.stringify(body['messages'] ?? body['prompt'] ?? '')) ?? '',
      arrivedAtMs: Date.parse(startedAt),
      endedAtMs: endedAt === null ? null : Date.parse(endedAt),
      ending,
    })),
    loads: logs.reduce((sum, log) => sum + log.loads, 0),
    refused: logs.reduce((sum, log) => sum + log.totals.refused, 0),
  };
}
