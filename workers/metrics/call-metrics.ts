import { Counter, Histogram, type Registry } from 'prom-client';
import type { EndedCall } from '../../fleet/scheduler-port.ts';

/** From a cached answer of a simulated model to an hour of a large one on a slow processor, each twice or thrice the one before. */
const CALL_SECONDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1200, 3600];
/** Measured through predicted seconds: 1 is right, 2 is twice as long. */
const PREDICTION_RATIOS = [0.1, 0.25, 0.5, 0.75, 0.9, 1.1, 1.25, 1.5, 2, 4, 10];

/** Counts model calls as the scheduler sees them end. Labels are hosts and models that a host has, never runs. */
export function createCallMetrics(registry: Registry): (call: EndedCall) => void {
  const registers = [registry];
  const labelNames = ['node', 'model'] as const;
  const calls = new Counter({
    name: 'hydra_model_calls_total',
    help: 'Model calls that have ended, by how they ended.',
    labelNames: [...labelNames, 'outcome'],
    registers,
  });
  const tokens = new Counter({
    name: 'hydra_model_tokens_total',
    help: 'Tokens of answered model calls: read (prompt) and written (completion).',
    labelNames: [...labelNames, 'kind'],
    registers,
  });
  const seconds = new Histogram({
    name: 'hydra_model_call_seconds',
    help: 'Time from the grant of a host to the end of an answered call.',
    labelNames,
    buckets: CALL_SECONDS,
    registers,
  });
  const prediction = new Histogram({
    name: 'hydra_prediction_ratio',
    help: 'Measured through predicted time of answered calls; 1 is a right prediction.',
    labelNames: ['node'],
    buckets: PREDICTION_RATIOS,
    registers,
  });
  return ({ nodeId: node, model, report, ...times }) => {
    calls.inc({ node, model, outcome: report.ended });
    if (report.ended !== 'finished') return;
    tokens.inc({ node, model, kind: 'prompt' }, report.promptTokens);
    tokens.inc({ node, model, kind: 'completion' }, report.completionTokens);
    seconds.observe({ node, model }, times.seconds);
    if (times.expectedSeconds > 0) prediction.observe({ node }, times.seconds / times.expectedSeconds);
  };
}
