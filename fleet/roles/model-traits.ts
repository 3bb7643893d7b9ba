import type { NodeModel } from '../../domain/node.ts';

const EMBEDDING_NAME = /embed|minilm|paraphrase|(^|[/-])(bge|gte|e5)(-|:|$)/i;
const EMBEDDING_FAMILY = /bert/i;
/** qwen2.5-coder, deepseek-coder, codellama, starcoder, codegemma, granite-code, codestral …; Mistral's Devstral has no "code" in it. */
const CODE_NAME = /code|devstral/i;
/** Writes one thing only, however well. */
const SINGLE_PURPOSE_NAME = /sqlcoder/i;
/** Bytes per parameter of the 4-bit quantisation that Ollama pulls by default. */
const BYTES_PER_PARAMETER = 0.6;

/** True for a model that answers in text; an embedding model answers in vectors. */
export function generatesText(model: NodeModel): boolean {
  return !EMBEDDING_NAME.test(model.name) && !EMBEDDING_FAMILY.test(model.family);
}

/** True for a model trained to write code, by its name. */
export function isCodeModel(model: NodeModel): boolean {
  return CODE_NAME.test(model.name) && !SINGLE_PURPOSE_NAME.test(model.name);
}

/** Parameters in billions: as the host says (`1.5B`, `494.03M`, `8x7B`), else judged by the file. */
export function modelSizeB(model: NodeModel): number {
  const said = /^(?:(\d+)x)?(\d+(?:\.\d+)?)([KMBT])$/i.exec(model.parameterSize.trim());
  if (!said) return model.sizeBytes / BYTES_PER_PARAMETER / 1e9;
  const billionsPerUnit = { K: 1e-6, M: 1e-3, B: 1, T: 1e3 }[said[3]?.toUpperCase() ?? 'B'] ?? 1;
  return Number(said[1] ?? 1) * Number(said[2]) * billionsPerUnit;
}
