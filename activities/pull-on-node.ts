import { activityInfo, cancellationSignal, getClient, heartbeat } from '@temporalio/activity';
import { SynthesisFailure } from '../domain/failure.ts';
import type { NodeId } from '../domain/ids.ts';
import { pulledShare, waitingPull, type NodePull } from '../domain/model-pull.ts';
import type { PullProgress } from '../models/pull-model.ts';
import type { PullDependencies } from './dependencies.ts';
import { heartbeatWhile, PROMPT_HEARTBEAT_MS } from './heartbeat-while.ts';
import type { TakeTurn } from './take-turns.ts';

export interface PullOnNodeInput {
  readonly model: string;
  readonly nodeId: NodeId;
  /** Signal of the workflow that takes a `NodePull`. */
  readonly newsSignal: string;
}

/** What heartbeats carry: how far it is, for readers, and for the next execution whether anything has arrived lately. */
export interface PullHeartbeat {
  readonly pull: NodePull;
  /** The most that was ever there: what a host has kept of an earlier try is no progress. */
  readonly mostBytes: number;
  /** When something new arrived last, or the first execution began; in milliseconds since 1970. */
  readonly movedAtMs: number;
}

/**
 * Lets one host pull the model, one pull at a time on each host. The host keeps what has arrived, so that an execution that
 * broke off is gone on with.
 * Errors: SynthesisFailure PullInterrupted, after which it is to be tried again; NodeUnavailable once nothing has arrived
 * for `maxWaitForNodeMs`; ModelMissing and PullRefused at once.
 */
export async function pullOnNode(deps: PullDependencies, inTurn: TakeTurn, input: PullOnNodeInput): Promise<void> {
  const { model, nodeId } = input;
  const watch = new PullWatch(input);
  const signal = cancellationSignal();
  try {
    const pull = (): Promise<void> =>
      inTurn(nodeId, signal, () => {
        const node = deps.nodeAddress(nodeId);
        if (!node) throw new SynthesisFailure('NodeUnavailable', `Node ${nodeId} is not known now.`, { nodeId });
        return deps.pullModel(node, model, (progress) => watch.notePulling(progress), signal);
      });
    await heartbeatWhile(PROMPT_HEARTBEAT_MS, pull, () => watch.heartbeat());
    await deps.refreshNode(nodeId);
  } catch (error) {
    if (!(error instanceof SynthesisFailure) || error.type !== 'NodeUnavailable') throw error;
    watch.noteWaiting(error.message);
    // The next execution goes by what this one says last.
    heartbeat(watch.heartbeat());
    if (watch.idleMs() >= deps.settings.timeouts.maxWaitForNodeMs) throw error;
    throw new SynthesisFailure('PullInterrupted', error.message, error.details, { cause: error });
  } finally {
    await watch.told();
  }
}

/** Each tenth is told to the workflow: often enough for people, and a few dozen events in its history. */
const TOLD_STEPS = 10;

/** Follows one execution: what is to be told, and for how long nothing has arrived. */
class PullWatch {
  private readonly newsSignal: string;
  private now: PullHeartbeat;
  private lastTold = '';
  private telling: Promise<void> = Promise.resolve();

  constructor({ nodeId, newsSignal }: PullOnNodeInput) {
    this.newsSignal = newsSignal;
    const before = activityInfo().heartbeatDetails as PullHeartbeat | undefined;
    this.now = before ?? { pull: waitingPull(nodeId), mostBytes: 0, movedAtMs: Date.now() };
  }

  notePulling({ status, ...bytes }: PullProgress): void {
    const { mostBytes, movedAtMs, pull } = this.now;
    const arrivedBytes = bytes.completedBytes ?? 0;
    this.now = {
      // Until the host has named a file again, what was known of it stays.
      pull: { ...pull, state: 'pulling', status, problem: null, ...(bytes.completedBytes !== null && bytes) },
      mostBytes: Math.max(mostBytes, arrivedBytes),
      movedAtMs: arrivedBytes > mostBytes ? Date.now() : movedAtMs,
    };
    this.tellWhenNews();
  }

  noteWaiting(problem: string): void {
    this.now = { ...this.now, pull: { ...this.now.pull, state: 'waiting', problem } };
    this.tellWhenNews();
  }

  heartbeat(): PullHeartbeat {
    return this.now;
  }

  idleMs(): number {
    return Date.now() - this.now.movedAtMs;
  }

  /** Resolves when everything was told, so that no news comes after the end. */
  told(): Promise<void> {
    return this.telling;
  }

  private tellWhenNews(): void {
    const { pull } = this.now;
    const news = [pull.state, pull.problem, Math.floor((pulledShare(pull) ?? 0) * TOLD_STEPS)].join();
    if (news === this.lastTold) return;
    this.lastTold = news;
    this.telling = this.telling.then(() => tellWorkflow(this.newsSignal, pull));
  }
}

/** For people only: the pull goes on when nobody hears of it. */
async function tellWorkflow(signal: string, pull: NodePull): Promise<void> {
  const { workflowExecution } = activityInfo();
  if (!workflowExecution) return;
  const { workflowId, runId } = workflowExecution;
  try {
    await getClient().workflow.getHandle(workflowId, runId).signal(signal, pull);
  } catch {
    // The workflow has ended, or Temporal is away: its heartbeats say the same once it is back.
  }
}
