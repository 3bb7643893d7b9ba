import type { MemorySettings } from '../../config/settings.ts';
import { isAlive } from '../../sandbox/process-identity.ts';
import { endRecordedProcess } from '../end-process.ts';
import { recordFileOf } from '../managed-process.ts';
import { findTakenPorts } from '../port-holder.ts';
import { readProcessRecord } from '../process-record.ts';
import type { MemoryService, ServiceName } from './memory-service.ts';
import { readAccess } from './service-access.ts';

/** Name of the record; the folder says which service it is. */
export const SERVICE_PROCESS = 'process';

/** The number of the process that was started here; null: it does not run. */
export async function findOwnProcess(folder: string): Promise<number | null> {
  const record = readProcessRecord(recordFileOf(folder, SERVICE_PROCESS));
  return record !== null && (await isAlive(record.process)) ? record.process.pid : null;
}

/** Ends what was started here, and nothing else; its data stay. Returns whether it ran. */
export function stopService(service: MemoryService, folder: string): Promise<boolean> {
  return endRecordedProcess(recordFileOf(folder, SERVICE_PROCESS), service.stopSignal);
}

/** What can be seen of one service. */
export interface ServiceStatus {
  readonly name: ServiceName;
  /** `silent`: its process lives, and nobody listens on its port yet or any more. */
  readonly state: 'running' | 'silent' | 'stopped' | 'new';
  readonly pid: number | null;
  /** Host and port; null: it was never started. */
  readonly address: string | null;
  /** Whether the settings name it. */
  readonly isUsed: boolean;
}

/** Looks at one service without changing anything. */
export async function readServiceStatus(
  service: MemoryService,
  memory: MemorySettings,
  folder: string,
): Promise<ServiceStatus> {
  const access = readAccess(folder);
  const pid = await findOwnProcess(folder);
  const { name } = service;
  if (access === null) return { name, state: 'new', pid, address: null, isUsed: service.urlOf(memory) !== null };
  const { host, port } = access;
  const listeners = await findTakenPorts([{ host: '127.0.0.1', port, setting: '' }]);
  return {
    name,
    state: pid === null ? 'stopped' : listeners.length > 0 ? 'running' : 'silent',
    pid,
    address: `${host}:${port}`,
    isUsed: service.urlOf(memory) === service.writeUrl(access),
  };
}
