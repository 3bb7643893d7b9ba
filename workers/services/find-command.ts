import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where Homebrew and Debian put commands that are not on every PATH. */
const USUAL_FOLDERS = ['/opt/homebrew/bin', '/usr/local/bin', '/usr/bin', '/usr/sbin'];

/** Looks for a command on PATH and in the usual places; null where there is none that can be run. */
export function findCommand(name: string, environment: NodeJS.ProcessEnv): string | null {
  return listCommands(name, environment)[0] ?? null;
}

/** All commands of this name, those on PATH first. */
export function listCommands(name: string, environment: NodeJS.ProcessEnv): readonly string[] {
  const file = process.platform === 'win32' ? `${name}.exe` : name;
  const onPath = (environment['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '' && !isOfNpm(folder));
  return [...new Set([...onPath, ...USUAL_FOLDERS])].map((folder) => join(folder, file)).filter(canRun);
}

/** A folder within each version of a program that lies below a parent, the highest version first. */
export function listVersions(parent: string, prefix: string, rest: string): readonly string[] {
  if (!existsSync(parent)) return [];
  return readdirSync(parent)
    .filter((name) => name.startsWith(prefix))
    .toSorted((one, other) => other.localeCompare(one, 'en', { numeric: true }))
    .map((name) => join(parent, name, rest));
}

export function canRun(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** npm puts the commands of packages on PATH; the Chroma client's own is not a server for every system. */
function isOfNpm(folder: string): boolean {
  return folder.includes('node_modules');
}
