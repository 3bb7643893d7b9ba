import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { RunId } from '../../domain/ids.ts';
import { readMigrations } from '../../memory/postgres/migrate.ts';
import { openPostgresMemory } from '../../memory/postgres/open-postgres-memory.ts';
import type { Memory } from '../../memory/ports.ts';
import { createChildren, killChild } from '../support/child-processes.ts';
import { startRealPostgres, type RealPostgres } from '../support/real-postgres.ts';

/** A starved machine may take long; a condition that holds is seen at once. */
const PATIENTLY = { timeout: 60_000, interval: 20 };

const CHILD = fileURLToPath(new URL('./memory-child.ts', import.meta.url));
const children = createChildren(CHILD);
const { start, runTogether } = children;

let postgres: RealPostgres;
let url: string;
let memory: Memory | undefined;
beforeAll(async () => {
  postgres = await startRealPostgres();
});
beforeEach(async () => {
  url = await postgres.createDatabase();
});
afterEach(async () => {
  await children.killAll();
  await memory?.close();
});
afterAll(async () => postgres.dispose());

async function open(): Promise<Memory> {
  memory = await openPostgresMemory({ url });
  return memory;
}

test('six processes that start together on an empty database all get the same schema', async () => {
  const outcomes = await runTogether(...Array.from({ length: 6 }, () => ['open', url]));
  expect(new Set(outcomes)).toEqual(new Set([readMigrations().length]));
});

test('two processes with 2,000 writes each never stand in each other’s way', async () => {
  expect(await runTogether(['write', url, 'a', '2000'], ['write', url, 'b', '2000'])).toEqual([[], []]);
  const { runs, events } = await open();
  expect(await runs.countOpen()).toBe(800);
  const shared = await events.read('shared run' as RunId, 0, 10_000);
  expect(shared.map((event) => event.sequence)).toEqual(Array.from({ length: 800 }, (_, index) => index + 1));
});

test('two processes that offer different values under the same keys get the same ones', async () => {
  const [a, b] = await runTogether(['accept', url, 'of a', '1000'], ['accept', url, 'of b', '1000']);
  expect(a).toHaveLength(1000);
  expect(b).toEqual(a);
});

test('each duty that two processes claim at once is one’s alone', async () => {
  const [a, b] = (await runTogether(['claim', url, 'a', '500'], ['claim', url, 'b', '500'])) as number[][];
  const all = Array.from({ length: 500 }, (_, index) => index);
  expect([...(a ?? []), ...(b ?? [])].toSorted((left, right) => left - right)).toEqual(all);
});

test('what a process had stored when it was killed is there afterwards', async () => {
  const child = await start(['append', url]);
  child.go();
  await expect.poll(() => child.lines.length, PATIENTLY).toBeGreaterThan(300);
  await killChild(child.process);
  const acknowledged = Number(child.lines.at(-1));
  const { events } = await open();
  const kept = await events.read('run' as RunId, 0, 1_000_000);
  expect(kept.length).toBeGreaterThanOrEqual(acknowledged);
  expect(kept.map((event) => event.sequence)).toEqual(kept.map((_, index) => index + 1));
});
