/**
 * The name of a model by which two are compared: Ollama reads `llama3.2` as `llama3.2:latest` and ignores case.
 * A colon before the last slash belongs to a registry's port, not to a tag.
 */
export function fullModelName(name: string): string {
  const lastSegment = name.slice(name.lastIndexOf('/') + 1);
  return (lastSegment.includes(':') ? name : `${name}:latest`).toLowerCase();
}

/** True when two names mean the same model. */
export function sameModel(left: string, right: string): boolean {
  return fullModelName(left) === fullModelName(right);
}

/** As Ollama reads names: host and port, then namespace, then model, then tag; each begins with a letter, a digit or `_`. */
const MODEL_NAME = /^(?:(?:\w[\w.:-]{0,349}\/)?\w[\w-]{0,79}\/)?\w[\w.-]{0,79}(?::\w[\w.-]{0,79})?$/;

/** True for what can be the name of a model, such as `qwen3:1.7b` or `hf.co/bartowski/Qwen3-GGUF:Q4_K_M`. */
export function isModelName(name: string): boolean {
  return MODEL_NAME.test(name);
}
