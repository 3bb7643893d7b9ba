/** What one Deno process may see of the file system, and what it runs. */
export interface DenoStart {
  readonly script: string;
  readonly scriptArguments: readonly string[];
  readonly readablePaths: readonly string[];
  readonly writablePaths?: readonly string[];
  readonly importMap?: string;
  /** Of JavaScript's own heap; the whole process is watched from outside. */
  readonly heapBytes?: number;
}

const MEBIBYTE = 1024 * 1024;

// Everything is denied that is not allowed by name; nothing is fetched, asked or looked up.
const CLOSED = [
  'run',
  '--no-prompt',
  '--no-remote',
  '--no-npm',
  '--cached-only',
  '--no-config',
  '--no-lock',
  // A program that reads a variable gets `undefined`, as on a machine where it is not set.
  '--ignore-env',
  // Imports without an extension, which models write for TypeScript.
  '--unstable-sloppy-imports',
  // `require` and `module.exports` in a .js file, the older form of Node.
  '--unstable-detect-cjs',
];

/** The arguments of `deno` for one start. */
export function denoArguments(start: DenoStart): readonly string[] {
  const optional = [
    ...(start.writablePaths === undefined ? [] : [`--allow-write=${start.writablePaths.join(',')}`]),
    ...(start.importMap === undefined ? [] : [`--import-map=${start.importMap}`]),
    ...(start.heapBytes === undefined
      ? []
      : [`--v8-flags=--max-old-space-size=${Math.ceil(start.heapBytes / MEBIBYTE)}`]),
  ];
  return [
    ...CLOSED,
    `--allow-read=${start.readablePaths.join(',')}`,
    ...optional,
    start.script,
    ...start.scriptArguments,
  ];
}

/** The whole environment of a Deno process: nothing of ours. */
export function denoEnvironment(cacheFolder: string): Readonly<Record<string, string>> {
  return { DENO_DIR: cacheFolder, DENO_NO_UPDATE_CHECK: '1', NO_COLOR: '1', TZ: 'UTC' };
}
