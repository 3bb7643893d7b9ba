/** The process that is measured: it carries out the orders of the process that started it, one after another. */
import { join } from 'node:path';
import { loadSettings } from '../config/load-settings.ts';
import { startMeasuredHydra, type MeasuredHydra } from './measured-hydra.ts';
import type { AnswerMessage, OrderMessage } from './messages.ts';
import type { Checkers } from './workload.ts';

const hydra = await startMeasuredHydra(readSettings(), process.argv[2] as Checkers);
process.on('message', (message: OrderMessage) => void answer(hydra, message));
process.once('disconnect', () => process.exit());
tell({ kind: 'ready', answer: null });

function readSettings() {
  const loaded = loadSettings({ environment: process.env, folder: join(import.meta.dirname, '..') });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.settings;
}

async function answer(hydra: MeasuredHydra, message: OrderMessage): Promise<void> {
  try {
    const result = await carryOut(hydra, message);
    tell({ kind: 'answer', answer: result });
  } catch (error) {
    tell({ kind: 'error', message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
}

function carryOut(hydra: MeasuredHydra, message: OrderMessage): Promise<unknown> {
  switch (message.kind) {
    case 'load':
      return hydra.load((message as OrderMessage<'load'>).order);
    case 'histories':
      return hydra.histories((message as OrderMessage<'histories'>).order);
    case 'stop':
      return hydra.stop();
    default:
      return message.kind satisfies never;
  }
}

function tell(message: AnswerMessage): void {
  process.send?.(message);
}
