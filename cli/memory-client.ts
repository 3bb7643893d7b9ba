import type { WireEntry, WireEntryList } from '../api/wire-entry.ts';
import type { WireImportReport, WireMemoryAnswer, WireMemoryStatus, WireRetention } from '../api/wire-memory.ts';
import { CALL_TIMEOUT_MS, callJson, hasType, notHydra, readReason, send } from './call-api.ts';
import { openClient } from './command-context.ts';
import type { CommandContext, ServiceOptions } from './command-context.ts';
import { CommandError, EXIT } from './exit-codes.ts';

/** What the API says and does about memory. Errors: CommandError with the exit code and what to do. */
export interface MemoryClient {
  getStatus(): Promise<WireMemoryStatus>;
  search(query: Readonly<Record<string, string>>): Promise<WireMemoryAnswer>;
  listEntries(query: Readonly<Record<string, string>>): Promise<WireEntryList>;
  getEntry(id: string): Promise<WireEntry>;
  deleteEntry(id: string): Promise<void>;
  /** The bytes of JSON Lines as they come. */
  exportLines(filter: Readonly<Record<string, string>>): AsyncIterable<Uint8Array>;
  /** Takes in a few hundred lines, each with its end. */
  importLines(lines: string): Promise<WireImportReport>;
  rebuild(): Promise<WireMemoryStatus>;
  collectGarbage(isDryRun: boolean): Promise<WireRetention>;
}

// The whole record is gone through.
const SWEEP_TIMEOUT_MS = 300_000;

/** The client of the service that the command is meant for. */
export function openMemoryClient(context: CommandContext, options: ServiceOptions): MemoryClient {
  const { url } = openClient(context, options);
  return {
    getStatus: () => callJson(url, '/memory/status'),
    search: (query) => callJson(url, `/memory/search?${new URLSearchParams(query).toString()}`),
    listEntries: (query) => callJson(url, `/memory/entries?${new URLSearchParams(query).toString()}`),
    getEntry: (id) => callJson(url, entryPath(id)),
    async deleteEntry(id) {
      await send(url, entryPath(id), { method: 'DELETE', signal: AbortSignal.timeout(CALL_TIMEOUT_MS) });
    },
    exportLines: (filter) => readBytes(url, `/memory/export?${new URLSearchParams(filter).toString()}`),
    importLines: (lines) =>
      callJson(url, '/memory/import', {
        method: 'POST',
        body: lines,
        headers: { 'content-type': 'application/jsonl' },
        signal: AbortSignal.timeout(SWEEP_TIMEOUT_MS),
      }),
    rebuild: () => callJson(url, '/memory/rebuild', { method: 'POST' }),
    collectGarbage: (isDryRun) =>
      callJson(url, `/memory/gc?dry_run=${isDryRun}`, {
        method: 'POST',
        signal: AbortSignal.timeout(SWEEP_TIMEOUT_MS),
      }),
  };
}

/** Errors: CommandError for what a URL would read as another address. */
function entryPath(id: string): string {
  if (/^\.*$/.test(id)) throw new CommandError(EXIT.usage, `"${id}" is no ID of an entry.`);
  return `/memory/entries/${encodeURIComponent(id)}`;
}

async function* readBytes(url: string, path: string): AsyncGenerator<Uint8Array> {
  const response = await send(url, path, {});
  if (response.body === null || !hasType(response, 'jsonl')) throw notHydra(url, response);
  try {
    yield* response.body;
  } catch (error) {
    throw new CommandError(
      EXIT.failed,
      `The export broke off: ${readReason(error)}.`,
      'What came is not the whole. Look with: hydra memory status',
    );
  }
}
