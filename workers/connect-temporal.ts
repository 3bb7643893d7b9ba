import { setTimeout as delay } from 'node:timers/promises';
import { Client, Connection, isGrpcServiceError, type ConnectionOptions } from '@temporalio/client';
import { toClientOptions } from '@temporalio/envconfig';
import { NativeConnection, type NativeConnectionOptions } from '@temporalio/worker';
import type { Settings } from '../config/settings.ts';
import { SynthesisFailure } from '../domain/failure.ts';
import { abandonOnAbort } from './abandon-on-abort.ts';
import { ensureSearchAttributes } from './search-attributes.ts';

/** Open connections to one Temporal: the native one for workers, the other for clients. */
export interface TemporalConnections {
  readonly nativeConnection: NativeConnection;
  readonly connection: Connection;
  readonly client: Client;
  readonly namespace: string;
  /** Closes all; only after every worker on it has ended. */
  close(): Promise<void>;
}

/** A cluster may be starting at the same time as we are. */
const CONNECT_LIMIT_MS = 60_000;
const ATTEMPT_LIMIT_MS = 5000;
const RETRY_INTERVAL_MS = 200;
/** By default gRPC waits up to two minutes between two connects: far longer than a restarted server needs. */
const QUICK_RECONNECT = { 'grpc.initial_reconnect_backoff_ms': 100, 'grpc.max_reconnect_backoff_ms': 2000 };
/** gRPC status codes: 3 invalid argument, 5 not found, 7 permission denied, 16 unauthenticated. Waiting does not help. */
const FINAL_CODES: readonly number[] = [3, 5, 7, 16];
const NOT_FOUND = 5;

/** How long is tried. */
interface ConnectOptions {
  readonly limitMs?: number;
  /** Aborted: it is tried no more. */
  readonly signal?: AbortSignal;
}

/** Connects a worker to the Temporal of the settings; tries again until the deadline. Errors: TemporalUnavailable. */
export function connectWorker(
  { temporal }: Pick<Settings, 'temporal'>,
  limits: ConnectOptions = {},
): Promise<NativeConnection> {
  const options = toConnectionOptions(temporal);
  return retryUntil(limits, temporal, () => NativeConnection.connect(options));
}

/**
 * Connects to the Temporal of the settings, tries again until the deadline while it cannot be reached, and sees to it that the
 * namespace has our search attributes.
 * Errors: TemporalUnavailable with address, namespace and what to do; the signal's reason.
 */
export async function connectTemporal(
  settings: Pick<Settings, 'temporal'>,
  limits: ConnectOptions = {},
): Promise<TemporalConnections> {
  const { namespace } = settings.temporal;
  const options = toConnectionOptions(settings.temporal);
  const nativeConnection = await connectWorker(settings, limits);
  const connection = Connection.lazy({ ...toClientConnectionOptions(options), channelArgs: QUICK_RECONNECT });
  const close = async () => {
    await connection.close();
    await nativeConnection.close();
  };
  try {
    // A wrong namespace is told here and not by a worker later.
    await retryUntil(limits, settings.temporal, () => describeNamespace(connection, namespace));
    await untilAborted(ensureSearchAttributes(connection, namespace), limits);
    return { nativeConnection, connection, client: new Client({ connection, namespace }), namespace, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function toConnectionOptions(temporal: Settings['temporal']): NativeConnectionOptions {
  const profile = temporal.profile === undefined ? {} : toClientOptions(temporal.profile).connectionOptions;
  return { ...profile, address: temporal.address };
}

/** What both kinds of connection understand. */
function toClientConnectionOptions({ address, tls, apiKey, metadata }: NativeConnectionOptions): ConnectionOptions {
  return {
    ...(address === undefined ? {} : { address }),
    ...(tls === undefined ? {} : { tls }),
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(metadata === undefined ? {} : { metadata }),
  };
}

async function describeNamespace(connection: Connection, namespace: string): Promise<void> {
  await connection.withDeadline(Date.now() + ATTEMPT_LIMIT_MS, () =>
    connection.workflowService.describeNamespace({ namespace }),
  );
}

function untilAborted<Value>(work: Promise<Value>, { signal }: ConnectOptions): Promise<Value> {
  return signal ? abandonOnAbort(work, signal) : work;
}

async function retryUntil<Value>(
  limits: ConnectOptions,
  temporal: Settings['temporal'],
  attempt: () => Promise<Value>,
): Promise<Value> {
  const deadline = Date.now() + (limits.limitMs ?? CONNECT_LIMIT_MS);
  for (;;) {
    try {
      return await untilAborted(attempt(), limits);
    } catch (error) {
      limits.signal?.throwIfAborted();
      const isFinal = isGrpcServiceError(error) && FINAL_CODES.includes(error.code);
      if (isFinal || Date.now() > deadline) throw toFailure(temporal, error);
      await delay(RETRY_INTERVAL_MS);
    }
  }
}

function toFailure({ address, namespace }: Settings['temporal'], cause: unknown): SynthesisFailure {
  const code: number | null = isGrpcServiceError(cause) ? cause.code : null;
  const message =
    code === NOT_FOUND
      ? `Temporal at ${address} has no namespace ${namespace}; run: temporal operator namespace create ${namespace}`
      : `Temporal at ${address} (namespace ${namespace}) cannot be used: ${readableCause(cause)}`;
  return new SynthesisFailure('TemporalUnavailable', message, { address, namespace }, { cause });
}

/** The native connection wraps the system's words in those of its own libraries. */
function readableCause(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  return /(?:message|error): "([^"]+)"/.exec(text)?.[1] ?? text;
}
