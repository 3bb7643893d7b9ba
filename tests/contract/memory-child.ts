/**
 * A process of its own that works on a store, for tests of what processes do to each other. The store is a folder with SQLite,
 * or the URL of a Postgres. Usage: memory-child.ts COMMAND ARGUMENTS…; it prints `ready`, waits for a line on its standard input and then works.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { SynthesisFailure } from '../../domain/failure.ts';
import type { ContentHash, RunId, StepKey } from '../../domain/ids.ts';
import type { NewRunEvent } from '../../domain/run-event.ts';
import type { Memory } from '../../memory/ports.ts';
import { openPostgresMemory } from '../../memory/postgres/open-postgres-memory.ts';
import { findProblems, migrateDatabase } from '../../memory/sqlite/migrate-database.ts';
import { readMigrations } from '../../memory/sqlite/migration-files.ts';
import { openDatabase } from '../../memory/sqlite/open-database.ts';
import { DATABASE_FILE, openSqliteMemory } from '../../memory/sqlite/open-sqlite-memory.ts';
import { waitForGo } from '../support/child-processes.ts';

const COMMANDS: Readonly<Record<string, (...args: string[]) => Promise<unknown>>> = {
  /** Opens the store, as every process does at its start. */
  async open(place) {
    const memory = await openMemory(place);
    const { schemaVersion } = await memory.describe();
    await memory.close();
    return schemaVersion;
  },
  /** Writes of every kind, one transaction each. */
  async write(place, name, count) {
    const memory = await openMemory(place);
    const problems: string[] = [];
    for (let index = 0; index < Number(count); index += 1) {
      await writeOne(memory, name ?? '', index).catch((error: unknown) => problems.push(String(error)));
      // Between two transactions other work of the process runs, as it does in a service.
      if (index % 100 === 0) await new Promise(setImmediate);
    }
    await memory.close();
    return problems;
  },
  /** Offers a value of its own under many keys; returns what was accepted. */
  async accept(place, value, count) {
    const memory = await openMemory(place);
    const accepted: unknown[] = [];
    for (let index = 0; index < Number(count); index += 1) {
      accepted.push(await memory.steps.acceptOnce(`key-${index}` as StepKey, 'run' as RunId, value));
    }
    await memory.close();
    return accepted;
  },
  /** Claims many duties; returns which it got. */
  async claim(place, holder, count) {
    const memory = await openMemory(place);
    const got: number[] = [];
    for (let index = 0; index < Number(count); index += 1) {
      if (await memory.ownership.claim(`duty-${index}`, holder ?? '', 600_000)) got.push(index);
    }
    await memory.close();
    return got;
  },
  /** Appends until it is killed; prints each sequence once it is stored. */
  async append(place) {
    const memory = await openMemory(place);
    for (let sequence = 1; ; sequence += 1) {
      await memory.events.append([createNote('run', String(sequence))]);
      process.stdout.write(`${sequence}\n`);
      await new Promise(setImmediate);
    }
  },
  /** Migrates, and stops for ever where a migration calls `pause()`. */
  async migrateAndPause(path, migrationsFolder, marker) {
    const database = new Database(path);
    database.function('pause', () => {
      writeFileSync(marker ?? '', 'paused');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      return null;
    });
    migrateDatabase(database, readMigrations(migrationsFolder));
  },
  /** Opens a database with other migrations than Hydra's own. */
  async migrate(path, migrationsFolder) {
    const database = openDatabase(path ?? '', readMigrations(migrationsFolder));
    const versions = database.prepare('SELECT version FROM schema_migrations').pluck().all();
    database.close();
    return versions;
  },
  fillDisk: (folder) => fillDisk(folder ?? ''),
};

function openMemory(place = ''): Promise<Memory> {
  return place.startsWith('postgres:') ? openPostgresMemory({ url: place }) : openSqliteMemory({ folder: place });
}

async function writeOne(memory: Memory, name: string, index: number): Promise<unknown> {
  const run = `${name}-${index - (index % 5)}` as RunId;
  switch (index % 5) {
    case 0: {
      const at = new Date().toISOString();
      const empty = { progress: null, result: null, error: null };
      const run = { id: `${name}-${index}` as RunId, prompt: 'p', createdAt: at, updatedAt: at };
      return memory.runs.insert({ ...run, ...empty, status: 'queued', priority: 3 });
    }
    case 1:
      return memory.artifacts.putText(`${name} ${index}`);
    case 2:
      return memory.steps.acceptOnce(`${name}/${index}` as StepKey, run, { index });
    case 3:
      return memory.runs.update(run, { status: 'running' });
    default:
      return memory.events.append([createNote('shared run', `${name} ${index}`), createNote(run, 'own run')]);
  }
}

function createNote(run: string, text: string): NewRunEvent {
  const body = { type: 'phase.started', phase: 'attempt', note: text } as const;
  return { runId: run as RunId, partId: null, stepKey: null, attempt: 1, body };
}

/** Fills the disk that the folder is on, then frees space again; tells what the store did meanwhile. */
async function fillDisk(folder: string): Promise<unknown> {
  const ballast = join(folder, 'ballast');
  writeFileSync(ballast, Buffer.alloc(1024 * 1024));
  const memory = await openSqliteMemory({ folder });
  const hashes: ContentHash[] = [];
  const failure = await putUntilFailure(memory, hashes);
  const readable = await Promise.all(hashes.map((hash) => memory.artifacts.getText(hash)));
  rmSync(ballast);
  const afterwards = await memory.artifacts.putText('y'.repeat(20_000)).catch((error: unknown) => String(error));
  await memory.close();
  const database = new Database(join(folder, DATABASE_FILE));
  const problems = findProblems(database);
  const kept = database.prepare('SELECT count(*) FROM artifacts').pluck().get();
  return { failure, written: hashes.length, lost: readable.filter((text) => !text).length, afterwards, kept, problems };
}

async function putUntilFailure(memory: Memory, hashes: ContentHash[]): Promise<unknown> {
  try {
    for (;;) hashes.push(await memory.artifacts.putText(`${hashes.length} ${'x'.repeat(20_000)}`));
  } catch (error) {
    return error instanceof SynthesisFailure ? error.toReport() : String(error);
  }
}

const [name = '', ...args] = process.argv.slice(2);
const command = COMMANDS[name];
if (command === undefined) throw new Error(`No command ${name}.`);
await waitForGo();
const outcome = await command(...args).catch((error: unknown) => ({ failed: String(error) }));
process.stdout.write(`${JSON.stringify(outcome)}\n`);
