import type { ModelMemoryShape } from '../domain/node.ts';

/** `model_info` of a description: facts by names that start with the architecture, such as `llama.block_count`. */
type ModelInfo = Readonly<Record<string, unknown>>;

/** Ollama keeps the context with 16 bits a value unless its operator chose less; then what follows is an upper bound. */
const BYTES_PER_VALUE = 2;
/** Tokens that it computes at once, and the size of the numbers that it does that with. */
const BATCH_BYTES = 512 * 4;
/** Of current models, where the host does not say it. */
const USUAL_VOCABULARY = 128_000;

/** The longest context that the model was trained for; undefined when the host does not say. */
export function readContextTokens(info: ModelInfo): number | undefined {
  const entry = Object.entries(info).find(([name]) => name.endsWith('.context_length'));
  return positive(entry?.[1]);
}

/**
 * What the model takes beside its weights: a key and a value per token, layer and head, and buffers for computing. For models
 * that look back only some tokens in some layers it is an upper bound. Undefined when the host does not say how it is built.
 * Source: Ollama's own prediction, `fs/ggml`; for SmolLM2 on Ollama 0.6.5 it is within 3 % of what `/api/ps` says.
 */
export function readMemoryShape(info: ModelInfo): ModelMemoryShape | undefined {
  const fact = (name: string): unknown => info[`${String(info['general.architecture'])}.${name}`];
  const heads = positive(fact('attention.head_count')) ?? NaN;
  const embedding = positive(fact('embedding_length')) ?? NaN;
  const keyLength = positive(fact('attention.key_length')) ?? embedding / heads;
  const valueLength = positive(fact('attention.value_length')) ?? embedding / heads;
  const cachedHeads = countCachedHeads(fact('attention.head_count_kv') ?? heads, positive(fact('block_count')));
  const contextBytesPerToken = positive(cachedHeads * (keyLength + valueLength) * BYTES_PER_VALUE);
  if (contextBytesPerToken === undefined) return undefined;
  return {
    contextBytesPerToken,
    workingBytesPerToken: BATCH_BYTES * (1 + (positive(heads) ?? 0)),
    leastWorkingBytes: BATCH_BYTES * ((positive(embedding) ?? 0) + (positive(fact('vocab_size')) ?? USUAL_VOCABULARY)),
  };
}

/** Of all layers; where they differ, the host gives one number for each. */
function countCachedHeads(perLayer: unknown, layers: number | undefined): number {
  if (Array.isArray(perLayer)) return perLayer.reduce<number>((sum, heads) => sum + Number(heads), 0);
  return (positive(perLayer) ?? NaN) * (layers ?? NaN);
}

function positive(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : undefined;
}
