import { pathToFileURL } from 'node:url';

/** Where the Python runtime lies in Pyodide's own file system. */
export const RUNTIME_FOLDER = '/lib/hydra';

/** The parts of Pyodide that are used here. */
export interface Python {
  readonly FS: { mkdirTree(path: string): void; writeFile(path: string, data: Uint8Array): void };
  readonly globals: { set(name: string, value: unknown): void };
  unpackArchive(data: Uint8Array, format: string, options: { readonly extractDir: string }): void;
  runPython(code: string): unknown;
  runPythonAsync(code: string): Promise<unknown>;
  makeMemorySnapshot(): Uint8Array;
  setStdin(options: { read(buffer: Uint8Array): number }): void;
  setStdout(options: { write(data: Uint8Array): number }): void;
  setStderr(options: { write(data: Uint8Array): number }): void;
}

type Options = Readonly<Record<string, unknown>>;
type CreateModule = (settings: unknown) => Promise<{ growMemory(sizeBytes: number): unknown }>;

/** Starts Python from the files of npm's `pyodide`, anew. */
export async function loadPython(folder: string, options: Options): Promise<Python> {
  const pyodide = await importModule<{ loadPyodide(options: Options): Promise<Python> }>(`${folder}/pyodide.mjs`);
  // A fixed hash seed, time zone and home, so that the same program does the same everywhere.
  const env = { PYTHONHASHSEED: '0', TZ: 'UTC', HOME: '/program' };
  return pyodide.loadPyodide({ indexURL: `${folder}/`, env, ...options });
}

/**
 * Starts Python from a snapshot. Pyodide copies it into a memory of the size that a fresh interpreter has, which is too
 * small for one that has imported more, so the memory is grown first.
 */
export async function restorePython(folder: string, snapshot: Uint8Array): Promise<Python> {
  const { default: createModule } = await importModule<{ readonly default: CreateModule }>(`${folder}/pyodide.asm.mjs`);
  const createPyodideModule: CreateModule = async (settings) => {
    const module = await createModule(settings);
    module.growMemory(snapshot.byteLength);
    return module;
  };
  return loadPython(folder, { _loadSnapshot: snapshot, createPyodideModule });
}

async function importModule<Module>(path: string): Promise<Module> {
  return (await import(pathToFileURL(path).href)) as Module;
}
