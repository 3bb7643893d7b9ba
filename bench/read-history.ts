import type { Client } from '@temporalio/client';
import type { RunId } from '../domain/ids.ts';

/** One step of a run that has a place in the history. Times in milliseconds. */
export interface StepTime {
  readonly name: string;
  /** From the end of the step before, or the start of the run: the workflow's own work and its way through the server. */
  readonly handOverMs: number;
  /** From being scheduled to being started: the way to a worker. */
  readonly waitMs: number;
  readonly workMs: number;
}

/** What the history of one run tells. */
export interface RunHistory {
  readonly events: number;
  readonly activities: number;
  readonly localActivities: number;
  readonly workflowTasks: number;
  /** In the order of their ends. */
  readonly steps: readonly StepTime[];
  /** From the start of the run to its last event. */
  readonly totalMs: number;
  /** From asking for a host to the accepted answer. */
  readonly modelCallMs: readonly number[];
}

type History = Awaited<ReturnType<ReturnType<Client['workflow']['getHandle']>['fetchHistory']>>;
type HistoryEvent = NonNullable<History['events']>[number];

/** A step with the times at which it was scheduled, started and ended. */
interface TimedStep {
  readonly name: string;
  readonly scheduledAt: number;
  readonly startedAt: number;
  readonly endedAt: number;
}

export async function readHistory(client: Client, runId: RunId): Promise<RunHistory> {
  const { events } = await client.workflow.getHandle(runId).fetchHistory();
  return summarizeHistory(events ?? []);
}

function summarizeHistory(events: readonly HistoryEvent[]): RunHistory {
  const steps = timedSteps(events);
  const startedAt = timeOf(events[0]);
  const ends = [startedAt, ...steps.map((step) => step.endedAt)];
  return {
    events: events.length,
    activities: steps.length,
    localActivities: events.filter(isLocalActivity).length,
    workflowTasks: events.filter((event) => event.workflowTaskCompletedEventAttributes).length,
    steps: steps.map((step, index) => ({
      name: step.name,
      handOverMs: step.scheduledAt - (ends[index] ?? startedAt),
      waitMs: step.startedAt - step.scheduledAt,
      workMs: step.endedAt - step.startedAt,
    })),
    totalMs: timeOf(events.at(-1)) - startedAt,
    modelCallMs: modelCallTimes(steps),
  };
}

/** The SDK records a finished local activity as a marker of this name. */
function isLocalActivity({ markerRecordedEventAttributes: marker }: HistoryEvent): boolean {
  return marker?.markerName === 'core_local_activity';
}

function timedSteps(events: readonly HistoryEvent[]): readonly TimedStep[] {
  const byId = new Map(events.map((event) => [Number(event.eventId), event]));
  const steps = events.flatMap((event) => {
    const completed = event.activityTaskCompletedEventAttributes;
    if (!completed) return [];
    const scheduled = byId.get(Number(completed.scheduledEventId));
    const started = byId.get(Number(completed.startedEventId));
    const name = scheduled?.activityTaskScheduledEventAttributes?.activityType?.name ?? '';
    return [{ name, scheduledAt: timeOf(scheduled), startedAt: timeOf(started), endedAt: timeOf(event) }];
  });
  return steps.sort((left, right) => left.endedAt - right.endedAt);
}

/** Only where calls came one after another: elsewhere the history does not say which grant belongs to which call. */
function modelCallTimes(steps: readonly TimedStep[]): readonly number[] {
  const grants = steps.filter((step) => step.name === 'acquireNode');
  const answers = steps.filter((step) => step.name === 'generateText');
  if (answers.length !== 1) return [];
  return grants.flatMap((grant, index) => {
    const answer = answers[index];
    return answer ? [answer.endedAt - grant.scheduledAt] : [];
  });
}

function timeOf(event: HistoryEvent | undefined): number {
  const { seconds, nanos } = event?.eventTime ?? {};
  return Number(seconds ?? 0) * 1000 + (nanos ?? 0) / 1e6;
}
