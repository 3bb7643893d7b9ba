import { expect } from 'vitest';
import type { NodeId, RunId, StepKey } from '../../domain/ids.ts';
import type { NodeSnapshot } from '../../domain/node.ts';
import type { SynthesisResult } from '../../domain/result.ts';
import type { NewRunEvent, RunEvent, RunEventBody } from '../../domain/run-event.ts';
import type { RunRecord } from '../../domain/run.ts';
import { hashText } from '../../memory/content-hash.ts';
import type { Memory } from '../../memory/ports.ts';
import { aNodeSnapshot } from '../support/node-snapshots.ts';

/** A run ID for a test. */
export function runId(text: string): RunId {
  return text as RunId;
}

/** A step key for a test. */
export function stepKey(text: string): StepKey {
  return text as StepKey;
}

/** A queued run. */
export function createRun(id: string): RunRecord {
  const at = '2026-01-01T00:00:00.000Z';
  return {
    id: runId(id),
    prompt: `prompt of ${id}`,
    status: 'queued',
    priority: 3,
    createdAt: at,
    updatedAt: at,
    progress: null,
    result: null,
    error: null,
  };
}

/** A result in this state. */
export function createResult(state: SynthesisResult['state']): SynthesisResult {
  return {
    state,
    language: 'python',
    programHash: hashText('program'),
    mainFile: 'main.py',
    checks: [],
    parts: [],
    explanations: ['because'],
    confidence: null,
    runner: 'deno',
    recalledFrom: null,
  };
}

/** A node that is up. */
export function createNode(id: string): NodeSnapshot {
  return aNodeSnapshot({ id: id as NodeId, url: `http://${id}:11434`, seenAt: '2026-01-01T00:00:00.000Z' });
}

/** An event of the run as a whole. */
export function createEvent(run: string, body: RunEventBody): NewRunEvent {
  return { runId: runId(run), partId: null, stepKey: null, attempt: 1, body };
}

/** An event that carries a text. */
export function note(run: string, text: string): NewRunEvent {
  return createEvent(run, { type: 'phase.started', phase: 'attempt', note: text });
}

/** The event that ends a run. */
export function finished(run: string): NewRunEvent {
  return createEvent(run, { type: 'run.finished', status: 'completed', summary: 'done' });
}

/** Sequence and text of an event, for comparing. */
export function toNote(event: RunEvent): string {
  const text = 'note' in event.body ? event.body.note : 'summary' in event.body ? event.body.summary : '';
  return `${event.sequence} ${text}`;
}

/** Passes the events of a subscription on until it ends. */
export async function collect(
  memory: Memory,
  run: string,
  after: number,
  onEvent: (event: RunEvent) => unknown,
  signal: AbortSignal = new AbortController().signal,
): Promise<void> {
  for await (const event of memory.events.subscribe(runId(run), after, signal)) await onEvent(event);
}

/** IDs of all runs, gathered page by page. */
export async function listAll(memory: Memory, limit: number, status?: RunRecord['status']): Promise<readonly string[]> {
  const ids: string[] = [];
  let cursor: string | null = null;
  do {
    const filter = { limit, ...(status && { status }), ...(cursor !== null && { cursor }) };
    const page = await memory.runs.list(filter);
    expect(page.runs.length).toBeLessThanOrEqual(limit);
    ids.push(...page.runs.map((run) => run.id));
    cursor = page.nextCursor;
  } while (cursor !== null);
  return ids;
}

/** The text with the case of its letters changed. */
export function swapCase(text: string): string {
  return text.replaceAll(/[a-zA-Z]/g, (letter) =>
    letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
  );
}

/** Timers that keep this process alive. */
export function countTimers(): number {
  return process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
}
