/** Options whose field in the API has another name. */
const OPTION_NAMES: Readonly<Record<string, string>> = {
  examples: 'example',
  models: 'model',
  nodes: 'node',
  workflow_id: 'id',
  vram_gb: 'vram-gb',
  token_env: 'token-env',
};

/** Fields that are words of the command and no options. */
const ARGUMENTS: readonly string[] = ['prompt', 'body', 'model', 'url', 'q', 'id'];

/** The option by which a field of a request was given: `--example number 2, call` for `examples[1].call`. */
export function nameOption(field: string): string {
  const [, name = '', index, inner] = /^(\w+)(?:\[(\d+)\])?(?:\.(.+))?$/.exec(field) ?? [];
  if (name === '' || ARGUMENTS.includes(name)) return field;
  const place = index === undefined ? '' : ` number ${Number(index) + 1}`;
  return `--${OPTION_NAMES[name] ?? name}${place}${inner === undefined ? '' : `, ${inner}`}`;
}
