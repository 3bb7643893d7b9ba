import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DefaultLogger, type LogLevel } from '@temporalio/worker';
import { destination, pino, type Logger } from 'pino';
import type { Settings } from '../config/settings.ts';

/** Opens the log of this process: one JSON object a line in `logs/hydra.log`. Prompts and code never go into it. */
export function createLog({ home, logLevel }: Pick<Settings, 'home' | 'logLevel'>): Logger {
  const folder = join(home, 'logs');
  mkdirSync(folder, { recursive: true });
  return pino({ level: logLevel }, destination({ dest: join(folder, 'hydra.log'), sync: true }));
}

/** The log in the form that Temporal's SDK writes to. */
export function createTemporalLogger(log: Logger, level: Settings['logLevel']): DefaultLogger {
  return new DefaultLogger(LEVELS[level], ({ level: entryLevel, message, meta }) => {
    log[NAMES[entryLevel]]({ ...meta, part: 'temporal' }, message);
  });
}

const LEVELS: Readonly<Record<Settings['logLevel'], LogLevel>> = {
  debug: 'DEBUG',
  info: 'INFO',
  warn: 'WARN',
  error: 'ERROR',
};
const NAMES: Readonly<Record<LogLevel, 'trace' | 'debug' | 'info' | 'warn' | 'error'>> = {
  TRACE: 'trace',
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  ERROR: 'error',
};
