import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { SimulatedFault } from '../../../models/simulated-node/faults.ts';
import { bindChild } from '../../bound-child.ts';
import type { BenchHost, BenchModel } from '../scenario.ts';
import { forkProgram } from './fork-program.ts';
import type { HostAnswer, HostOrder, HostReport } from './host-messages.ts';

/** A simulated Ollama host in a process of its own. */
export interface HostProcess {
  readonly host: BenchHost;
  readonly url: string;
  /** Resets every connection and stops listening. */
  crash(): Promise<void>;
  /** Starts anew at the same address, with nothing in memory. */
  restart(): Promise<void>;
  /** Says nothing more and closes nothing: the whole process stands still. */
  freeze(): void;
  addFault(fault: SimulatedFault): Promise<void>;
  report(): Promise<HostReport>;
  stop(): Promise<void>;
}

export async function startHostProcess(host: BenchHost, models: readonly BenchModel[]): Promise<HostProcess> {
  const child = forkProgram('host-process-main.ts');
  const end = bindChild(child);
  const url = await startNode(child, host, models, 0);
  return {
    host,
    url,
    crash: async () => void (await ask(child, { kind: 'crash' })),
    restart: async () => void (await startNode(child, host, models, Number(new URL(url).port))),
    freeze: () => void child.kill('SIGSTOP'),
    addFault: async (fault) => void (await ask(child, { kind: 'fault', fault })),
    async report() {
      child.kill('SIGCONT');
      const answer = await ask(child, { kind: 'report' });
      if (answer.kind !== 'report') throw new Error(`A report was asked for, not ${answer.kind}.`);
      return answer.report;
    },
    stop: () => end(() => void child.kill('SIGKILL')),
  };
}

async function startNode(
  child: ChildProcess,
  host: BenchHost,
  models: readonly BenchModel[],
  port: number,
): Promise<string> {
  const answer = await ask(child, { kind: 'start', host, models, port });
  if (answer.kind !== 'started') throw new Error(`A start was asked for, not ${answer.kind}.`);
  return answer.url;
}

/** Orders follow one another, so the next message is the answer. */
async function ask(child: ChildProcess, order: HostOrder): Promise<HostAnswer> {
  const waiting = new AbortController();
  const { signal } = waiting;
  const ended = once(child, 'exit', { signal }).then(() => {
    throw new Error('A simulated host has ended.');
  });
  child.send(order);
  const [answer] = (await Promise.race([once(child, 'message', { signal }), ended])) as [HostAnswer];
  // Where the answer comes first, nobody waits for the end.
  ended.catch(() => {});
  waiting.abort();
  if (answer.kind === 'failed') throw new Error(answer.message);
  return answer;
}
