import type { Connection } from '@temporalio/client';
import type { HealthReport, PartHealth } from '../api/reports.ts';
import type { NodeSnapshot } from '../domain/node.ts';
import { withinDeadline } from '../memory/entries/within-deadline.ts';
import type { EntryMemory } from '../memory/entry-ports.ts';
import type { Memory } from '../memory/ports.ts';
import { checkTiers } from './tier-health.ts';
import type { VerifyProcess } from './verify-process.ts';

export interface HealthSources {
  readonly memory: Memory;
  readonly entries: Pick<EntryMemory, 'status'>;
  readonly connection: Connection;
  readonly temporalAddress: string;
  readonly namespace: string;
  /** Undefined when this process does not verify, so that it cannot tell. */
  readonly verify: Pick<VerifyProcess, 'pid' | 'runner'> | undefined;
}

/** Time that one part has to answer; a health check that hangs is no health check. */
const ANSWER_MS = 2_000;

/** Asks every part at once. */
export async function checkHealth(sources: HealthSources): Promise<HealthReport> {
  const { entries, verify } = sources;
  const [temporal, memory, tiers, nodes] = await Promise.all([
    checkTemporal(sources),
    checkMemory(sources),
    checkTiers(entries),
    checkNodes(sources),
  ]);
  const own = verify ? [checkVerify(verify), checkSandbox(verify)] : [];
  return { parts: [temporal, memory, ...tiers, nodes, ...own] };
}

async function checkTemporal({ connection, temporalAddress, namespace }: HealthSources): Promise<PartHealth> {
  const part = { name: 'temporal', required: true };
  try {
    await connection.withDeadline(Date.now() + ANSWER_MS, () =>
      connection.workflowService.describeNamespace({ namespace }),
    );
    return { ...part, healthy: true, detail: `${temporalAddress}, namespace ${namespace}` };
  } catch (error) {
    return { ...part, healthy: false, detail: `${temporalAddress}: ${describe(error)}` };
  }
}

async function checkMemory({ memory }: HealthSources): Promise<PartHealth> {
  const part = { name: 'memory', required: true };
  try {
    const { location, schemaVersion, sizeBytes } = await withinDeadline(() => memory.describe(), ANSWER_MS);
    return { ...part, healthy: true, detail: `${location}, schema ${schemaVersion}, ${sizeBytes} bytes` };
  } catch (error) {
    return { ...part, healthy: false, detail: describe(error) };
  }
}

async function checkNodes({ memory }: HealthSources): Promise<PartHealth> {
  const part = { name: 'ollama', required: true };
  const nodes = await withinDeadline(() => memory.nodeSnapshots.read(), ANSWER_MS).catch(
    (): readonly NodeSnapshot[] => [],
  );
  const up = nodes.filter((node) => node.state === 'up');
  const down = nodes.filter((node) => node.state !== 'up').map((node) => `${node.id}: ${node.problem ?? node.state}`);
  const detail = [`${up.length} of ${nodes.length} hosts up`, ...down].join('; ');
  return { ...part, healthy: up.length > 0, detail };
}

/** Runs wait for it while it is started again. */
function checkVerify({ pid }: NonNullable<HealthSources['verify']>): PartHealth {
  const detail = pid === null ? 'it ended and is started again; see logs/verify.log' : `process ${pid}`;
  return { name: 'verify', required: true, healthy: pid !== null, detail };
}

function checkSandbox({ runner }: NonNullable<HealthSources['verify']>): PartHealth {
  const detail = runner ? `${runner.name} ${runner.version}` : 'no sandbox works here: programs are only read, not run';
  return { name: 'sandbox', required: false, healthy: runner !== null, detail };
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
