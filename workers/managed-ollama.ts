import { startManagedProcess, type ManagedProcess } from './managed-process.ts';
import type { NeededPort } from './port-holder.ts';

/** An Ollama of our own, for a machine that has none. */
export interface ManagedOllamaOptions {
  /** Path of the `ollama` command. */
  readonly executable: string;
  readonly port: number;
  /** Where it keeps models; shared by all homes, for they are large. */
  readonly modelsFolder: string;
  /** Folder of state (`HYDRA_HOME`): holds the record `ollama.json`. */
  readonly folder: string;
  readonly logFile: string;
  /** Requests at once (`OLLAMA_NUM_PARALLEL`). */
  readonly slots?: number;
  readonly report?: (sentence: string) => void;
  /** Aborted while it is being started: it is ended again. */
  readonly signal?: AbortSignal;
}

export interface ManagedOllama extends ManagedProcess {
  /** Base URL, such as `http://127.0.0.1:11434`. */
  readonly url: string;
}

/** Name of its record and of the process in sentences. */
export const OLLAMA_PROCESS = 'ollama';

/** The loopback interface only: Ollama asks nobody who they are. */
const HOST = '127.0.0.1';
const PROBE_DEADLINE_MS = 1000;

/**
 * Starts an Ollama, or takes over the one that an earlier Hydra left behind, and waits until it serves.
 * Errors: NodeUnavailable when the port is taken (names the holder and the setting) or it does not start; the signal's reason.
 */
export async function startManagedOllama(options: ManagedOllamaOptions): Promise<ManagedOllama> {
  const url = `http://${HOST}:${options.port}`;
  const managed = await startManagedProcess({
    name: OLLAMA_PROCESS,
    executable: options.executable,
    args: ['serve'],
    environment: {
      ...process.env,
      OLLAMA_HOST: `${HOST}:${options.port}`,
      OLLAMA_MODELS: options.modelsFolder,
      OLLAMA_NUM_PARALLEL: String(options.slots ?? 1),
    },
    folder: options.folder,
    logFile: options.logFile,
    ports: [ollamaPort(options.port)],
    isServing: () => answersVersion(url),
    failureType: 'NodeUnavailable',
    report: options.report ?? (() => {}),
    signal: options.signal ?? new AbortController().signal,
  });
  return {
    url,
    relation: managed.relation,
    get pid() {
      return managed.pid;
    },
    stop: () => managed.stop(),
  };
}

/** The port of our Ollama, with the setting by which it is not needed. */
export function ollamaPort(port: number): NeededPort {
  return { host: HOST, port, setting: 'HYDRA_NODES, which uses an Ollama of yours instead' };
}

/** The version is the one answer that never waits for a model. */
async function answersVersion(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/api/version`, { signal: AbortSignal.timeout(PROBE_DEADLINE_MS) });
    await response.text();
    return response.ok;
  } catch {
    return false;
  }
}
