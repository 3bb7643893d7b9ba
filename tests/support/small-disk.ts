import { spawnSync } from 'node:child_process';

/**
 * A command that runs what follows it with a disk of 4 MiB at `folder`, or why there is none here. The mount is in a namespace
 * of that process's own: it ends with the process, however that ends.
 */
export function smallDiskCommand(
  folder: string,
): { readonly command: readonly string[] } | { readonly reason: string } {
  const mount = 'mount -t tmpfs -o size=4m tmpfs "$0" && exec "$@"';
  const command = ['unshare', '--mount', 'sh', '-c', mount, folder];
  const trial = spawnSync(command[0] ?? '', [...command.slice(1), 'true'], { encoding: 'utf8' });
  if (trial.status === 0) return { command };
  return { reason: `no small disk can be mounted here: ${trial.error?.message ?? trial.stderr}` };
}
