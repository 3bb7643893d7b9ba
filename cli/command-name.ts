import { basename, relative } from 'node:path';

/** The verbs of the command, as hints name them. */
export const VERBS = [
  'up',
  'down',
  'generate',
  'status',
  'list',
  'events',
  'cancel',
  'nodes',
  'decisions',
  'models',
  'memory',
  'services',
  'doctor',
  'config',
  'simulate-node',
] as const;

// A path or an address that ends in `hydra` is no command.
const MENTION = new RegExp(`(?<![\\w./-]|npx )hydra(?= (?:${VERBS.join('|')}|<command>)(?![\\w-]))`, 'g');

/**
 * How the user called the command, so that hints work when they are copied: `hydra` where it is linked, else `npx hydra`.
 * `calledFile` is the program's first word, `process.argv[1]`.
 */
export function findCommandName(calledFile: string, environment: NodeJS.ProcessEnv): string {
  // npx runs a link that is called `hydra`, too.
  if (environment['npm_command'] === 'exec') return 'npx hydra';
  const name = basename(calledFile);
  if (name === 'hydra') return 'hydra';
  return name === 'hydra.mjs' ? `node ${relative(process.cwd(), calledFile)}` : 'npx hydra';
}

/** Texts name the command `hydra`, also those that come from the service; readers get the name by which they called it. */
export function withCommandName(text: string, commandName: string): string {
  return text.replaceAll(MENTION, () => commandName);
}
