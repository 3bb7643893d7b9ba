import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { bindChild } from './bound-child.ts';
import type { AnswerMessage, Answers, OrderKind, Orders } from './messages.ts';
import type { Checkers } from './workload.ts';

/** A measured Hydra in a process of its own. */
export interface HydraProcess {
  readonly pid: number;
  ask<Kind extends OrderKind>(kind: Kind, order: Orders[Kind]): Promise<Answers[Kind]>;
  stop(): Promise<void>;
}

/** Starts it with these settings and waits until it is ready. Errors: when it ends before. */
export async function startHydraProcess(
  environment: Readonly<Record<string, string>>,
  checkers: Checkers,
): Promise<HydraProcess> {
  const child = fork(join(import.meta.dirname, 'measured-process.ts'), [checkers], {
    env: { ...process.env, ...environment },
  });
  const end = bindChild(child);
  await nextMessage(child);
  const ask: HydraProcess['ask'] = async (kind, order) => {
    child.send({ kind, order });
    return (await nextMessage(child)) as never;
  };
  return {
    pid: child.pid ?? 0,
    ask,
    stop: () =>
      end(async () => {
        await ask('stop', null);
        child.disconnect();
      }),
  };
}

/** Errors: what the process reports, and its end. */
async function nextMessage(child: ChildProcess): Promise<unknown> {
  const waiting = new AbortController();
  const { signal } = waiting;
  const ended = once(child, 'exit', { signal }).then(() => {
    throw new Error('The measured process has ended.');
  });
  try {
    const [message] = (await Promise.race([once(child, 'message', { signal }), ended])) as [AnswerMessage];
    if (message.kind === 'error') throw new Error(message.message);
    return message.answer;
  } finally {
    // Where the answer comes first, nobody waits for the end.
    ended.catch(() => {});
    waiting.abort();
  }
}
