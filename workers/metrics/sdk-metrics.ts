import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import type { TelemetryOptions } from '@temporalio/worker';

/** The metrics of the Temporal SDK in this process. Its native core serves them by itself, on a loopback port of its own. */
export interface SdkMetrics {
  readonly telemetry: NonNullable<TelemetryOptions['metrics']>;
  /** Prometheus text; empty while the SDK has no connection to Temporal. */
  read(): Promise<string>;
}

/** The exporter answers from memory; one that takes longer is not there. */
const READ_LIMIT_MS = 2_000;

/** Chooses the port. `processName` becomes the label that tells our processes on one machine apart. */
export async function createSdkMetrics(processName: string): Promise<SdkMetrics> {
  const bindAddress = `127.0.0.1:${await findFreeLoopbackPort()}`;
  return {
    telemetry: {
      globalTags: { process: processName },
      // Names and units as Prometheus wants them.
      prometheus: { bindAddress, countersTotalSuffix: true, unitSuffix: true, useSecondsForDurations: true },
    },
    async read() {
      try {
        const response = await fetch(`http://${bindAddress}/metrics`, { signal: AbortSignal.timeout(READ_LIMIT_MS) });
        return response.ok ? await response.text() : '';
      } catch {
        return '';
      }
    },
  };
}

async function findFreeLoopbackPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
