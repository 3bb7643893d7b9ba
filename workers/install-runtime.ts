import { makeTelemetryFilterString, Runtime, type TelemetryOptions } from '@temporalio/worker';
import type { Logger } from 'pino';
import type { Settings } from '../config/settings.ts';
import { createTemporalLogger } from './create-log.ts';

/**
 * Sets the SDK's log and metrics. We decide when to stop, in which order; the SDK's own signal handlers would end workers
 * before the API has drained.
 */
export function installRuntime(
  log: Logger,
  level: Settings['logLevel'],
  metrics: NonNullable<TelemetryOptions['metrics']>,
): void {
  // The native core has a log of its own; without this it writes into the user's terminal.
  const logging = { forward: {}, filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }) };
  Runtime.install({
    shutdownSignals: [],
    logger: createTemporalLogger(log, level),
    telemetryOptions: { logging, metrics },
  });
}
