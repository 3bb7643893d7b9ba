import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { simulatedModel } from '../../models/simulated-node/options.ts';
import { startSimulatedNode, type SimulatedNode } from '../../models/simulated-node/start-simulated-node.ts';
import { findFreePort } from '../../tests/support/free-port.ts';
import { runCli, startCli } from '../../tests/support/run-cli.ts';
import { ANSWER, MODEL } from '../workload.ts';
import type { ReadBench } from './measure-reads.ts';
import { toTiming, type Timing } from './take-turns.ts';

/** The same requests, asked again and again of a Hydra that runs as a service. */
export interface RecallMeasurement {
  /** Which tiers it has. */
  readonly name: string;
  readonly requests: number;
  readonly first: Pass;
  readonly second: Pass;
  /** From the submission to the result, one request at a time, everything recalled. */
  readonly alone: Timing;
}

/** All requests once, some at the same time. */
interface Pass {
  readonly seconds: number;
  readonly modelCalls: number;
  readonly verified: number;
  readonly recalled: number;
}

/** As many callers at once; the hosts have as many slots. */
const AT_ONCE = 4;
/** What a small model reaches on a processor. */
const TOKENS_PER_SECOND = 40;
const START = 'Hydra is ready';

/** Asks without any server, then with all of them. */
export async function measureRecalls(bench: ReadBench): Promise<readonly RecallMeasurement[]> {
  const { redis, postgres, chroma } = bench.servers;
  const tiers = {
    REDIS_URL: redis.url,
    POSTGRES_URL: await postgres.createDatabase(),
    CHROMA_URL: chroma.url,
  };
  return [await measureService(bench, 'SQLite alone', {}), await measureService(bench, 'all four tiers', tiers)];
}

async function measureService(
  { folder, plan, report }: ReadBench,
  name: string,
  tiers: Readonly<Record<string, string>>,
): Promise<RecallMeasurement> {
  report(`${plan.requests} requests asked again, ${name}`);
  const node = await startSimulatedNode({
    models: [simulatedModel(MODEL.name, MODEL)],
    slots: AT_ONCE,
    answers: () => ANSWER,
    speed: { completionTokensPerSecond: TOKENS_PER_SECOND },
  });
  const environment = {
    ...(await ownPlace(folder)),
    HYDRA_NODES: `only=${node.url}`,
    HYDRA_NODE_SLOTS: String(AT_ONCE),
    ...tiers,
  };
  const service = startCli(['up'], environment);
  const url = `http://127.0.0.1:${environment.HYDRA_API_PORT}`;
  try {
    await service.waitFor(START);
    const first = await askAll(url, node, plan.requests);
    const second = await askAll(url, node, plan.requests);
    const alone: number[] = [];
    for (let index = 0; index < plan.requests; index += 1) alone.push((await askOnce(url, index)).tookMs);
    return { name, requests: plan.requests, first, second, alone: toTiming(alone) };
  } finally {
    await runCli(['down'], { environment });
    await service.ended;
    await node.close();
  }
}

async function ownPlace(folder: string) {
  const cache = process.env['HYDRA_CACHE'];
  return {
    HYDRA_HOME: await mkdtemp(join(folder, 'home-')),
    ...(cache === undefined ? {} : { HYDRA_CACHE: cache }),
    HYDRA_API_PORT: String(await findFreePort()),
    HYDRA_TEMPORAL_PORT: String(await findFreePort()),
    HYDRA_TEMPORAL_UI_PORT: String(await findFreePort()),
  };
}

async function askAll(url: string, node: SimulatedNode, count: number): Promise<Pass> {
  const callsBefore = countCalls(node);
  const startedAt = performance.now();
  const answers: Answer[] = [];
  let next = 0;
  const caller = async (): Promise<void> => {
    while (next < count) answers.push(await askOnce(url, next++));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, caller));
  return {
    seconds: (performance.now() - startedAt) / 1000,
    modelCalls: countCalls(node) - callsBefore,
    verified: answers.filter(({ state }) => state === 'verified').length,
    recalled: answers.filter(({ isRecalled }) => isRecalled).length,
  };
}

function countCalls(node: SimulatedNode): number {
  return node.log().calls.filter(({ path }) => path === '/api/chat').length;
}

interface Answer {
  readonly tookMs: number;
  readonly state: string | undefined;
  readonly isRecalled: boolean;
}

/** Hands a request in and waits for its result in the same reply. */
async function askOnce(url: string, index: number): Promise<Answer> {
  const startedAt = performance.now();
  const response = await fetch(`${url}/generate?wait=300`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      prompt: `Write a JavaScript function keep(value) that returns its argument. Task ${index}.`,
      language: 'javascript',
      examples: [{ call: `keep(${index})`, expected: String(index) }],
      candidates: 1,
    }),
  });
  const run = (await response.json()) as { result?: { state?: string; recalled_from?: string | null } | null };
  const tookMs = performance.now() - startedAt;
  return { tookMs, state: run.result?.state, isRecalled: Boolean(run.result?.recalled_from) };
}
