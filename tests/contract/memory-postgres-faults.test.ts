import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { SynthesisFailure } from '../../domain/failure.ts';
import { openPostgresMemory } from '../../memory/postgres/open-postgres-memory.ts';
import { createPostgresConnection } from '../../memory/postgres/postgres-connection.ts';
import { MOST_CONNECTIONS, STATEMENT_TIMEOUT_MS } from '../../memory/postgres/postgres-pool.ts';
import type { Memory } from '../../memory/ports.ts';
import { startRealPostgres, type RealPostgres } from '../support/real-postgres.ts';
import { collect, finished, note, runId, stepKey, toNote } from './memory-fixtures.ts';

/** A starved machine may take long; a condition that holds is seen at once. */
const PATIENTLY = { timeout: 60_000, interval: 20 };

let postgres: RealPostgres;
let url: string;
const opened: Memory[] = [];
beforeAll(async () => {
  postgres = await startRealPostgres();
});
beforeEach(async () => {
  url = await postgres.createDatabase();
});
afterEach(async () => {
  for (const memory of opened.splice(0)) await memory.close();
});
afterAll(async () => postgres.dispose());

async function open(now?: () => number): Promise<Memory> {
  const memory = await openPostgresMemory({ url, ...(now && { now }) });
  opened.push(memory);
  return memory;
}

test('a subscriber hears at once what another process writes, before and after a restart of the server', async () => {
  const [reader, writer] = [await open(), await open()];
  const received: string[] = [];
  const delays: number[] = [];
  const reading = collect(reader, 'a', 0, (event) => {
    received.push(toNote(event));
    delays.push(Date.now() - Date.parse(event.at));
  });
  await writer.events.append([note('a', 'one')]);
  await expect.poll(() => received, PATIENTLY).toEqual(['1 one']);
  await writer.events.append([note('a', 'two')]);
  await expect.poll(() => received.length, PATIENTLY).toBe(2);
  await postgres.kill();
  await postgres.start();
  await expect
    .poll(
      () =>
        writer.events.append([note('a', 'three')]).then(
          () => true,
          () => false,
        ),
      PATIENTLY,
    )
    .toBe(true);
  await expect.poll(() => received, PATIENTLY).toEqual(['1 one', '2 two', '3 three']);
  await writer.events.append([finished('a')]);
  await reading;
  // Far below the seconds of its heartbeat: it was told, and did not find it by looking.
  expect(delays[1]).toBeLessThan(3000);
});

test('two processes that append to the same runs, in whatever order, count without a gap and never wait in a circle', async () => {
  const writers = [await open(), await open()];
  await Promise.all(
    writers.map(async ({ events }, index) => {
      for (let round = 0; round < 100; round += 1) {
        const batch = [note('a', 'x'), note('b', 'x'), note('c', 'x')];
        await events.append(index === 0 ? batch : batch.toReversed());
      }
    }),
  );
  for (const run of ['a', 'b', 'c']) {
    const events = (await writers[0]?.events.read(runId(run), 0, 1000)) ?? [];
    expect(events.map((event) => event.sequence)).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
  }
});

test('a prompt and a step result may hold every character', async () => {
  const memory = await open();
  const at = '2026-01-01T00:00:00.000Z';
  const empty = { progress: null, result: null, error: null };
  const run = {
    id: runId('r'),
    prompt: 'a\u0000b\ud800',
    createdAt: at,
    updatedAt: at,
    status: 'queued',
    priority: 3,
  } as const;
  await memory.runs.insert({ ...run, ...empty });
  expect((await memory.runs.find(runId('r')))?.prompt).toBe(run.prompt);
  expect(await memory.steps.acceptOnce(stepKey('s'), runId('r'), { text: 'a\u0000b' })).toEqual({ text: 'a\u0000b' });
});

test('who has a duty is decided by the clock of the server, whatever the machines believe', async () => {
  const memory = await open();
  expect(await memory.ownership.claim('fleet', 'a', 60_000)).toBe(true);
  expect(await memory.ownership.claim('fleet', 'b', 60_000)).toBe(false);
  const [row] = await postgres.query(
    'SELECT abs(claimed_at_ms - extract(epoch FROM clock_timestamp()) * 1000)::int AS away FROM hydra.ownerships',
    url,
  );
  expect(Number(row?.['away'])).toBeLessThan(30_000);
  expect(await memory.ownership.claim('short', 'a', 1)).toBe(true);
  await expect.poll(() => memory.ownership.claim('short', 'b', 1), PATIENTLY).toBe(true);
});

// The server ends a statement itself after ten seconds: whoever waits for that is too late.
const BEFORE_THE_SERVER = { timeout: STATEMENT_TIMEOUT_MS - 1_000 };

test(
  'calls that were given up leave no connection behind that still waits for the server',
  BEFORE_THE_SERVER,
  async () => {
    const connection = createPostgresConnection({ url });
    const reason = new SynthesisFailure('StoreUnavailable', 'No answer in time.');
    const giveUp = async (): Promise<void> => {
      const leaving = new AbortController();
      const slow = connection.perform(
        'test.sleep',
        async (session) => {
          const asked = session.row('SELECT pg_sleep(60)');
          setImmediate(() => leaving.abort(reason));
          await asked;
        },
        leaving.signal,
      );
      await expect(slow).rejects.toThrow('No answer in time.');
    };
    await Promise.all(Array.from({ length: MOST_CONNECTIONS }, giveUp));
    const { one } = (await connection.perform('test.ask', (session) =>
      session.row<{ one: number }>('SELECT 1 AS one'),
    ))!;
    expect(one).toBe(1);
    await connection.close();
  },
);

test('what cannot be opened says why', async () => {
  await postgres.stop();
  await expect(open()).rejects.toMatchObject({ type: 'StoreUnavailable', details: { action: 'migrate' } });
  await postgres.start();
});
