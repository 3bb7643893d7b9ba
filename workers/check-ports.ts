import type { Settings } from '../config/settings.ts';
import { isAlive } from '../sandbox/process-identity.ts';
import { OLLAMA_PROCESS, ollamaPort } from './managed-ollama.ts';
import { recordFileOf } from './managed-process.ts';
import { findTakenPorts, portsTaken, type NeededPort, type TakenPort } from './port-holder.ts';
import { readProcessRecord } from './process-record.ts';
import type { Programs } from './programs.ts';
import { ownOllama } from './start-programs.ts';
import { TEMPORAL_PROCESS, temporalPorts } from './temporal-dev-server.ts';

/**
 * Looks at every port that a start needs before anything is started, except those of a Temporal or an Ollama that an earlier
 * Hydra of this home left behind, which is taken over.
 * Errors: RequestRejected that names port, holder and setting of each that is taken.
 */
export async function checkPorts(
  settings: Settings,
  programs: Programs,
  role: 'all' | 'api' | 'workers',
): Promise<void> {
  const taken = [...(await findTakenPorts(role === 'workers' ? metricsPort(settings) : [apiPort(settings)]))];
  if (role === 'all') {
    taken.push(...(await findTakenByOthers(TEMPORAL_PROCESS, ownTemporalPorts(settings), settings)));
    taken.push(...(await findTakenByOthers(OLLAMA_PROCESS, ownOllamaPorts(settings, programs), settings)));
  }
  if (taken.length > 0) throw portsTaken(taken, 'RequestRejected');
}

function apiPort({ api }: Settings): NeededPort {
  return { host: api.host, port: api.port, setting: 'HYDRA_API_PORT' };
}

function metricsPort({ api, metricsPort: port }: Settings): readonly NeededPort[] {
  return port === undefined ? [] : [{ host: api.host, port, setting: 'HYDRA_METRICS_PORT' }];
}

function ownTemporalPorts({ temporal: { managed, dev } }: Settings): readonly NeededPort[] {
  return managed && dev ? temporalPorts(dev.port, dev.ui_port) : [];
}

function ownOllamaPorts(settings: Settings, programs: Programs): readonly NeededPort[] {
  const own = ownOllama(settings, programs);
  return own ? [ollamaPort(Number(new URL(own.url).port))] : [];
}

async function findTakenByOthers(
  name: string,
  ports: readonly NeededPort[],
  { home }: Settings,
): Promise<readonly TakenPort[]> {
  const taken = await findTakenPorts(ports);
  const known = readProcessRecord(recordFileOf(home, name))?.process;
  if (known === undefined || !(await isAlive(known))) return taken;
  return taken.filter(({ holder }) => holder !== null && holder.pid !== known.pid);
}
