import { execFile } from 'node:child_process';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { SynthesisFailure } from '../../domain/failure.ts';
import { canRun, findCommand } from './find-command.ts';
import type { MemoryService } from './memory-service.ts';

const run = promisify(execFile);
const PROBE_DEADLINE_MS = 1000;
/** uv and pipx fetch about 110 MB the first time. */
const FETCH_LIMIT_MS = 600_000;

/** What set-up knows of Chroma. */
export interface ChromaPackage {
  /** Path of the command that set-up would make; it need not be there. */
  readonly command: string;
  /** For pip, such as `chromadb==1.5.9`. */
  readonly requirement: string;
}

/** Chroma: finds similar work. It knows no passwords, so it listens on loopback only. */
export function createChromaService({ command, requirement }: ChromaPackage): MemoryService {
  return {
    name: 'chroma',
    purpose: 'finds similar work',
    variable: 'CHROMA_URL',
    usualPort: 8000,
    hasPassword: false,
    keepsLogin: false,
    user: null,
    database: null,
    stopSignal: 'SIGTERM',
    urlOf: ({ chroma }) => chroma?.url ?? null,
    writeUrl: ({ host, port }) => `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    async prepare({ dataFolder, environment }, { port }) {
      const found = await findChroma(command, requirement, environment);
      if (found === null) return howToInstallChroma(command, requirement);
      const [executable = '', ...before] = found;
      return {
        executable,
        args: [...before, 'run', '--path', dataFolder, '--host', '127.0.0.1', '--port', String(port)],
        environment: { ...environment, ANONYMIZED_TELEMETRY: 'False' },
        isServing: () => answersHeartbeat(port),
      };
    },
  };
}

/** The words that start the command; null where there is no way to it. */
async function findChroma(
  command: string,
  requirement: string,
  environment: NodeJS.ProcessEnv,
): Promise<readonly string[] | null> {
  if (canRun(command)) return [command];
  const onPath = findCommand('chroma', environment);
  if (onPath !== null) return [onPath];
  const uvx = findCommand('uvx', environment);
  if (uvx !== null) return fetchFirst([uvx, '--from', requirement, 'chroma']);
  const pipx = findCommand('pipx', environment);
  return pipx === null ? null : fetchFirst([pipx, 'run', '--spec', requirement, 'chroma']);
}

/** Started as a server, it would have to be there within the time of a start. */
async function fetchFirst(words: readonly string[]): Promise<readonly string[]> {
  const [program = '', ...rest] = words;
  try {
    await run(program, [...rest, '--version'], { timeout: FETCH_LIMIT_MS });
    return words;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SynthesisFailure('StoreUnavailable', `Chroma could not be fetched: ${reason}`);
  }
}

function howToInstallChroma(command: string, requirement: string): string {
  const folder = dirname(dirname(command));
  const python = process.platform === 'win32' ? 'py' : 'python3';
  return `Chroma is not installed. Get it with: ${python} -m venv ${folder} && ${dirname(command)}/pip install ${requirement}`;
}

async function answersHeartbeat(port: number): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(PROBE_DEADLINE_MS);
    const response = await fetch(`http://127.0.0.1:${port}/api/v2/heartbeat`, { signal });
    return (await response.text()).includes('heartbeat');
  } catch {
    return false;
  }
}
