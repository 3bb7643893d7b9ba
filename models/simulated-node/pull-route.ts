import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import { fullModelName, isModelName } from '../../domain/model-name.ts';
import { untilAborted } from './answer-stream.ts';
import type { CallFaults } from './faults.ts';
import { watchCaller, type NodeParts } from './generation-route.ts';
import { findModel } from './model-facts.ts';
import { simulatedModel, type SimulatedModel } from './options.ts';
import { refuse, textOf } from './wire.ts';
import type { JsonObject } from './wire.ts';

/** A real host tells of its progress so often. */
const STEP_MS = 60;
/** A node without delays tells in so many steps. */
const STEPS_AT_ONCE = 4;

/** One pull with what it is about. */
interface PullJob {
  readonly parts: NodeParts;
  readonly model: SimulatedModel;
  readonly faults: CallFaults;
  readonly signal: AbortSignal;
  readonly send: (step: object) => void;
}

/**
 * `POST /api/pull`: every name is in the registry, except those that contain `missing`. What has arrived is kept when the
 * caller goes away, as on a real host.
 */
export async function answerPull(parts: NodeParts, body: JsonObject, response: ServerResponse): Promise<void> {
  const name = textOf(body, 'model') || textOf(body, 'name');
  if (!isModelName(name)) return refuse(response, { status: 400, error: 'invalid model name' });
  const call = parts.log.start('/api/pull', { ...body, model: name });
  const signal = watchCaller(parts.log, call, response);
  const faults = parts.faults.hit(name);
  const model = findModel(parts.models, name) ?? simulatedModel(fullModelName(name));
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  const send = (step: object): void => void response.write(`${JSON.stringify(step)}\n`);
  try {
    send({ status: 'pulling manifest' });
    if (faults.find('never_answer') !== undefined) return await untilAborted(signal);
    const error = registryError(name, faults) ?? (await fetchModel({ parts, model, faults, signal, send }));
    if (error === null) keepModel(parts, model, send);
    response.end(error === null ? '' : `${JSON.stringify({ error })}\n`);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** In the words of the real host, whose address it tells as well. */
function registryError(name: string, faults: CallFaults): string | null {
  if (name.includes('missing') || faults.find('model_missing') !== undefined)
    return 'pull model manifest: file does not exist';
  if (faults.find('registry_away') === undefined) return null;
  return 'pull model manifest: Get "https://registry.ollama.ai/v2/": dial tcp: lookup registry.ollama.ai: no such host';
}

/** Fetches what is not there yet, at the speed of the node; answers the error that ended it. */
async function fetchModel({ parts, model, faults, signal, send }: PullJob): Promise<string | null> {
  const { pulledBytes, options } = parts;
  const digest = createHash('sha256').update(model.name).digest('hex');
  const limitBytes = faults.find('disk_full')?.afterBytes ?? Infinity;
  const pullBytesPerSecond = options.speed.pullBytesPerSecond / (faults.find('slow')?.factor ?? 1);
  const isAtOnce = pullBytesPerSecond === Infinity;
  const stepBytes = isAtOnce ? model.sizeBytes / STEPS_AT_ONCE : (pullBytesPerSecond * STEP_MS) / 1000;
  for (;;) {
    const completed = Math.round(pulledBytes.get(model.name) ?? 0);
    send({ status: `pulling ${digest.slice(0, 12)}`, digest: `sha256:${digest}`, total: model.sizeBytes, completed });
    if (completed >= model.sizeBytes) return null;
    if (completed >= limitBytes)
      return `write /usr/share/ollama/.ollama/models/blobs/sha256-${digest}-partial: no space left on device`;
    if (!isAtOnce) await sleep(STEP_MS, undefined, { signal });
    pulledBytes.set(model.name, Math.min(completed + stepBytes, model.sizeBytes));
  }
}

function keepModel({ models, pulledBytes }: NodeParts, model: SimulatedModel, send: PullJob['send']): void {
  if (findModel(models, model.name) === undefined) models.push(model);
  pulledBytes.delete(model.name);
  for (const status of ['verifying sha256 digest', 'writing manifest', 'success']) send({ status });
}
