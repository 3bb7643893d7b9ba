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
