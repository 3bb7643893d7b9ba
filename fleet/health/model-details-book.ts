import type { NodeAddress, NodeModel } from '../../domain/node.ts';
import type { LanguageModel, ModelDetails } from '../../models/language-model.ts';
import type { Clock } from '../clock.ts';

/** What hosts say of their models when asked for one of them; asked once for each content, whichever hosts have it. */
export interface ModelDetailsBook {
  /** The model with what is known of it. */
  complete(model: NodeModel): NodeModel;
  /** Asks the node for what is not known of these, one after another; resolves to true when something was learned. */
  learn(node: NodeAddress, models: readonly NodeModel[]): Promise<boolean>;
}

/** Reading the head of a model file from a slow disk takes a second or two. */
const TIMEOUT_MS = 5_000;
/** A description that could not be had is asked for again after this, by whichever host lists the model then. */
const RETRY_MS = 5 * 60_000;
/** Models of a large fleet many times over; the oldest go first. */
const MOST_ENTRIES = 2_000;

interface Entry {
  readonly details: ModelDetails | null;
  /** Of a description that could not be had. */
  readonly retryAtMs: number;
}

/** Creates an empty book. Liveness never waits for it: nobody needs to await `learn`. */
export function createModelDetailsBook(languageModel: LanguageModel, clock: Clock): ModelDetailsBook {
  const entries = new Map<string, Entry>();

  async function ask(node: NodeAddress, model: NodeModel): Promise<boolean> {
    const key = keyOf(model);
    // Kept at once, so that no other host is asked meanwhile.
    keep(entries, key, { details: null, retryAtMs: clock.now() + RETRY_MS });
    const details = await languageModel.showModel(node, model.name, TIMEOUT_MS).catch(() => null);
    if (details !== null) keep(entries, key, { details, retryAtMs: Infinity });
    return details !== null;
  }

  function isDue(model: NodeModel): boolean {
    const entry = entries.get(keyOf(model));
    return entry === undefined || entry.retryAtMs <= clock.now();
  }

  return {
    complete: (model) => completed(model, entries.get(keyOf(model))?.details ?? null),
    async learn(node, models) {
      let hasLearned = false;
      for (const model of models) if (isDue(model)) hasLearned = (await ask(node, model)) || hasLearned;
      return hasLearned;
    },
  };
}

/** Without a digest, name and size tell contents apart well enough. */
function keyOf(model: NodeModel): string {
  return model.digest ?? `${model.name} ${model.sizeBytes}`;
}

function keep(entries: Map<string, Entry>, key: string, entry: Entry): void {
  entries.delete(key);
  entries.set(key, entry);
  const oldest = entries.keys().next();
  if (entries.size > MOST_ENTRIES && !oldest.done) entries.delete(oldest.value);
}

/** What the list of models says goes before the description. */
function completed(model: NodeModel, details: ModelDetails | null): NodeModel {
  if (details === null) return model;
  const { contextTokens, memoryShape, capabilities, parameterSize } = details;
  return {
    ...model,
    ...(contextTokens === null ? {} : { contextTokens }),
    ...(memoryShape === null ? {} : { memoryShape }),
    ...(model.capabilities === undefined && capabilities.length > 0 ? { capabilities } : {}),
    parameterSize: model.parameterSize || parameterSize,
  };
}
