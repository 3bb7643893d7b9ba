import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../../config/settings.ts';
import { maskCredentials } from '../../config/setting-problem.ts';
import { launchProcess } from '../launch-process.ts';
import type { ManagedProcessOptions } from '../managed-process-options.ts';
import { recordFileOf } from '../managed-process.ts';
import { findTakenPorts } from '../port-holder.ts';
import { takeOverProcess } from '../take-over-process.ts';
import type { MemoryService, ServiceCommand, ServiceName } from './memory-service.ts';
import { decideAccess, isOnThisMachine } from './service-access.ts';
import { findOwnProcess, SERVICE_PROCESS } from './service-state.ts';

/** What came of starting one service. */
export interface StartOutcome {
  readonly name: ServiceName;
  /** `elsewhere`: the settings name another machine. `foreign`: another program serves there. */
  readonly state: 'started' | 'adopted' | 'elsewhere' | 'foreign' | 'missing' | 'failed';
  /** For people; never a password. */
  readonly detail: string;
  readonly pid: number | null;
  /** What `.env` needs so that it is used; with its password. Null: the settings have it, or there is nothing to use. */
  readonly line: string | null;
}

/** Folder of state of one service: its record, its access and its data. */
export function serviceFolder(home: string, name: ServiceName): string {
  return join(home, 'services', name);
}

/** Starts a service, or goes on with the one that runs. Never throws: one that fails must not stop the others. */
export async function startService(
  service: MemoryService,
  settings: Settings,
  signal: AbortSignal,
): Promise<StartOutcome> {
  const outcome = { name: service.name, pid: null, line: null };
  try {
    const url = service.urlOf(settings.memory);
    if (url !== null && !isOnThisMachine(url)) {
      return {
        ...outcome,
        state: 'elsewhere',
        detail: `${service.variable} names ${maskCredentials(url)}; nothing to start`,
      };
    }
    return await startHere(service, settings, signal);
  } catch (error) {
    return { ...outcome, state: 'failed', detail: error instanceof Error ? error.message : String(error) };
  }
}

async function startHere(service: MemoryService, settings: Settings, signal: AbortSignal): Promise<StartOutcome> {
  const { name, variable } = service;
  const folder = serviceFolder(settings.home, name);
  const dataFolder = join(folder, 'data');
  // Postgres may run as another user, who has to get to its data; what holds a password is private by itself.
  for (const path of [folder, dataFolder]) {
    mkdirSync(path, { recursive: true });
    chmodSync(path, 0o755);
  }
  const access = await decideAccess(service, settings.memory, folder);
  const holder = (await findOwnProcess(folder)) === null ? await findForeigner(access.port) : null;
  if (holder !== null) {
    const detail = `port ${access.port} is served by ${holder}, which this command did not start; it is left as it is`;
    return { name, state: 'foreign', detail, pid: null, line: null };
  }
  const command = await service.prepare({ dataFolder, environment: process.env }, access);
  if (typeof command === 'string') return { name, state: 'missing', detail: command, pid: null, line: null };
  const options = toOptions(service, command, { folder, port: access.port, home: settings.home, signal });
  const recordFile = recordFileOf(folder, SERVICE_PROCESS);
  const launched = (await takeOverProcess(options, recordFile)) ?? (await launchProcess(options, recordFile, signal));
  const url = service.writeUrl(access);
  return {
    name,
    state: launched.relation === 'started' ? 'started' : 'adopted',
    detail: `${service.purpose} at ${access.host}:${access.port}, data in ${folder}`,
    pid: launched.identity.pid,
    line: service.urlOf(settings.memory) === url ? null : `${variable}=${url}`,
  };
}

async function findForeigner(port: number): Promise<string | null> {
  const [taken] = await findTakenPorts([{ host: '127.0.0.1', port, setting: '' }]);
  if (taken === undefined) return null;
  return taken.holder === null ? 'another program' : `${taken.holder.command} (process ${taken.holder.pid})`;
}

interface Place {
  readonly folder: string;
  readonly port: number;
  readonly home: string;
  readonly signal: AbortSignal;
}

function toOptions(
  { name, variable }: MemoryService,
  command: ServiceCommand,
  { folder, port, home, signal }: Place,
): ManagedProcessOptions {
  return {
    ...command,
    name: SERVICE_PROCESS,
    folder,
    logFile: join(home, 'logs', `${name}.log`),
    ports: [{ host: '127.0.0.1', port, setting: variable }],
    failureType: 'StoreUnavailable',
    report: () => {},
    signal,
  };
}
