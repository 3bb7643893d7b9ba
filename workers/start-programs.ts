import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../config/settings.ts';
import { SynthesisFailure } from '../domain/failure.ts';
import type { NodeAddress } from '../domain/node.ts';
import type { NodeId } from '../domain/ids.ts';
import { startManagedOllama } from './managed-ollama.ts';
import type { Programs } from './programs.ts';
import { startTemporalDevServer } from './temporal-dev-server.ts';

/** Where an Ollama is looked for when nothing is set. */
const DEFAULT_OLLAMA_URL = 'http://127.0.0.1:11434';

/** The programs that this process runs for itself, and the settings with their addresses. */
export interface OwnPrograms {
  readonly settings: Settings;
  readonly webUiUrl: string | null;
  stop(): Promise<void>;
}

/** What a start of programs needs to know. */
export interface ProgramsOptions {
  readonly settings: Settings;
  readonly programs: Programs;
  readonly report: (sentence: string) => void;
  /** Aborted while they are being started: they are ended again. */
  readonly signal: AbortSignal;
}

/**
 * Starts Temporal where it is ours, and an Ollama where set-up found none, both at once.
 * Errors: whatever keeps one of them from starting, as SynthesisFailure; the signal's reason. The other one is ended again.
 */
export async function startPrograms(options: ProgramsOptions): Promise<OwnPrograms> {
  const { settings } = options;
  mkdirSync(join(settings.home, 'logs'), { recursive: true });
  const giveUp = new AbortController();
  const both = { ...options, signal: AbortSignal.any([options.signal, giveUp.signal]) };
  const [temporal, ollama] = await bothOrNone(startTemporal(both), startOllama(both), giveUp);
  const address = temporal?.address ?? settings.temporal.address;
  const nodes = ollama ? [ollama.node] : settings.nodes;
  return {
    settings: { ...settings, nodes, temporal: { ...settings.temporal, address } },
    webUiUrl: temporal?.uiUrl ?? null,
    async stop() {
      await Promise.all([temporal?.stop(), ollama?.stop()]);
    },
  };
}

/** Where one does not start, the other is given up or ended again. */
async function bothOrNone<One extends Stoppable, Other extends Stoppable>(
  one: Promise<One | null>,
  other: Promise<Other | null>,
  giveUp: AbortController,
): Promise<[One | null, Other | null]> {
  try {
    return await Promise.all([one, other]);
  } catch (error) {
    giveUp.abort();
    for (const ended of await Promise.allSettled([one, other]))
      if (ended.status === 'fulfilled') await ended.value?.stop();
    throw error;
  }
}

interface Stoppable {
  stop(): Promise<void>;
}

async function startTemporal({ settings, programs, report, signal }: ProgramsOptions) {
  if (!settings.temporal.managed) return null;
  const { dev } = settings.temporal;
  if (!programs.temporal || !dev) throw missing('Temporal', 'HYDRA_TEMPORAL_CLI');
  return startTemporalDevServer({
    executable: programs.temporal.path,
    devConfig: dev,
    folder: settings.home,
    logFile: join(settings.home, 'logs', 'temporal.log'),
    report,
    signal,
  });
}

/** The Ollama that we start ourselves: only in the place of the default one, since hosts that the user names are used as they are. */
export function ownOllama({ nodes }: Pick<Settings, 'nodes'>, programs: Programs): Programs['managedOllama'] {
  return nodes.length === 1 && nodes[0]?.url === DEFAULT_OLLAMA_URL ? programs.managedOllama : null;
}

async function startOllama({ settings, programs, report, signal }: ProgramsOptions) {
  const own = ownOllama(settings, programs);
  const [given] = settings.nodes;
  if (!own || !given) return null;
  if (!programs.ollama) throw missing('Ollama', 'HYDRA_OLLAMA');
  const ollama = await startManagedOllama({
    executable: programs.ollama.path,
    port: Number(new URL(own.url).port),
    modelsFolder: own.modelsFolder,
    folder: settings.home,
    logFile: join(settings.home, 'logs', 'ollama.log'),
    slots: given.slots,
    report,
    signal,
  });
  const node: NodeAddress = { ...given, id: 'local' as NodeId, url: ollama.url };
  return { node, stop: () => ollama.stop() };
}

function missing(program: string, setting: string): SynthesisFailure {
  return new SynthesisFailure(
    'InvariantBroken',
    `${program} was not found. Run npm start, which fetches it, or set ${setting} to its path.`,
    { program },
  );
}
