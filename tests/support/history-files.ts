import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { historyFromJSON, historyToJSON, type History } from '@temporalio/common/lib/proto-utils.js';

/** A finished workflow as it stands in `tests/histories/<workflowId>.json`. */
export interface StoredHistory {
  readonly workflowId: string;
  readonly history: History;
}

const FOLDER = join(import.meta.dirname, '../histories');

/** Every stored history, by workflow ID. */
export async function readHistories(): Promise<readonly StoredHistory[]> {
  const entries = await readdir(FOLDER, { recursive: true });
  const files = entries.filter((entry) => entry.endsWith('.json')).toSorted();
  return Promise.all(
    files.map(async (file) => ({
      workflowId: file.replaceAll('\\', '/').replace(/\.json$/, ''),
      history: historyFromJSON(JSON.parse(await readFile(join(FOLDER, file), 'utf8'))),
    })),
  );
}

/** Stores the histories, over those with the same workflow IDs. */
export async function writeHistories(histories: readonly StoredHistory[]): Promise<void> {
  for (const { workflowId, history } of histories) {
    const file = join(FOLDER, `${workflowId}.json`);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, `${JSON.stringify(withoutTraces(JSON.parse(historyToJSON(history))), null, 1)}\n`);
  }
}

/** Leaves out what tells of the machine that recorded, and that replay does not look at: who ran a step, and where code lay. */
function withoutTraces(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(withoutTraces);
  if (typeof json !== 'object' || json === null) return json;
  const kept = Object.entries(json).filter(([key]) => key !== 'identity' && key !== 'stackTrace');
  return Object.fromEntries(kept.map(([key, value]) => [key, withoutTraces(value)]));
}

/** Everything that a history says, its payloads included, as one text. */
export function toText(history: History): string {
  return JSON.stringify(JSON.parse(historyToJSON(history)), (key, value: unknown) =>
    key === 'data' && typeof value === 'string' ? Buffer.from(value, 'base64').toString() : value,
  );
}
