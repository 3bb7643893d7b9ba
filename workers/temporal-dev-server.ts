import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { msToTs, tsToMs } from '@temporalio/common/lib/time.js';
import { TEMPORAL_DEV_HOST, toServerFlags, type TemporalDevConfig } from '../config/load-temporal-dev.ts';
import { abandonOnAbort } from './abandon-on-abort.ts';
import { startManagedProcess, type ManagedProcess } from './managed-process.ts';
import type { NeededPort } from './port-holder.ts';

/** The Temporal server of our own: what to start and where it keeps its things. */
export interface TemporalDevServerOptions {
  /** Path of the `temporal` command. */
  readonly executable: string;
  readonly devConfig: TemporalDevConfig;
  /** Folder of state (`HYDRA_HOME`): holds its database and the record `temporal.json`. */
  readonly folder: string;
  readonly logFile: string;
  readonly port?: number;
  readonly uiPort?: number;
  readonly report?: (sentence: string) => void;
  /** Aborted while it is being started: it is ended again. */
  readonly signal?: AbortSignal;
}

export interface TemporalDevServer extends ManagedProcess {
  /** gRPC, as `host:port`. */
  readonly address: string;
  readonly uiUrl: string;
}

/** Name of its record and of the process in sentences. */
export const TEMPORAL_PROCESS = 'temporal';

const PROBE_DEADLINE_MS = 1000;
/** Changing a namespace is one write; a busy machine may take a while for it. */
const UPDATE_DEADLINE_MS = 10_000;
const DAY_MS = 86_400_000;
/** gRPC waits a second and more between two connects by default: far longer than the server takes to start. */
const QUICK_RECONNECT = { 'grpc.initial_reconnect_backoff_ms': 50, 'grpc.max_reconnect_backoff_ms': 200 };

/**
 * Starts our Temporal server, or takes over the one that an earlier Hydra left behind, and waits until it serves. When it ends
 * by itself it is started again on the same file; workers and clients reconnect by themselves.
 * Errors: TemporalUnavailable when a port is taken (names the holder and the setting) or it does not start; the signal's reason.
 */
export async function startTemporalDevServer(options: TemporalDevServerOptions): Promise<TemporalDevServer> {
  const { devConfig, report = () => {}, signal = new AbortController().signal } = options;
  const port = options.port ?? devConfig.port;
  const uiPort = options.uiPort ?? devConfig.ui_port;
  const address = `${TEMPORAL_DEV_HOST}:${port}`;
  const connection = Connection.lazy({ address, channelArgs: QUICK_RECONNECT });
  const databaseFile = join(options.folder, devConfig.database_file);
  let managed: ManagedProcess | undefined;
  try {
    managed = await startManagedProcess({
      name: TEMPORAL_PROCESS,
      executable: options.executable,
      args: toServerFlags(devConfig, { databaseFile, port, uiPort }),
      // Nothing leaves this machine; and a TEMPORAL_* of the user's is about another server.
      environment: { ...withoutTemporalNames(process.env), TEMPORAL_VERSION_CHECK_DISABLED: 'true' },
      folder: options.folder,
      logFile: options.logFile,
      ports: temporalPorts(port, uiPort),
      isServing: () => isServing(connection, devConfig.namespace),
      failureType: 'TemporalUnavailable',
      report,
      signal,
    });
    await abandonOnAbort(setRetention(connection, devConfig), signal);
    return toServer(managed, connection, { address, uiUrl: `http://localhost:${uiPort}` });
  } catch (error) {
    await managed?.stop();
    await connection.close();
    throw error;
  }
}

/** The ports of our Temporal server, with the settings that change them. */
export function temporalPorts(port: number, uiPort: number): readonly NeededPort[] {
  return [
    { host: TEMPORAL_DEV_HOST, port, setting: 'HYDRA_TEMPORAL_PORT' },
    { host: TEMPORAL_DEV_HOST, port: uiPort, setting: 'HYDRA_TEMPORAL_UI_PORT' },
  ];
}

function toServer(
  managed: ManagedProcess,
  connection: Connection,
  place: { readonly address: string; readonly uiUrl: string },
): TemporalDevServer {
  return {
    ...place,
    relation: managed.relation,
    get pid() {
      return managed.pid;
    },
    stop: async () => {
      await managed.stop();
      await connection.close();
    },
  };
}

/** Answering about the namespace needs frontend and database: more than the health service knows. */
async function isServing(connection: Connection, namespace: string): Promise<boolean> {
  try {
    await connection.withDeadline(Date.now() + PROBE_DEADLINE_MS, () =>
      connection.workflowService.describeNamespace({ namespace }),
    );
    return true;
  } catch {
    return false;
  }
}

/** The dev server has no flag for it: a namespace is made with one day. */
async function setRetention(connection: Connection, { namespace, retention_days }: TemporalDevConfig): Promise<void> {
  await connection.withDeadline(Date.now() + UPDATE_DEADLINE_MS, async () => {
    const { config } = await connection.workflowService.describeNamespace({ namespace });
    if (tsToMs(config?.workflowExecutionRetentionTtl) === retention_days * DAY_MS) return;
    await connection.workflowService.updateNamespace({
      namespace,
      config: { workflowExecutionRetentionTtl: msToTs(retention_days * DAY_MS) },
    });
  });
}

function withoutTemporalNames(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('TEMPORAL_')));
}
