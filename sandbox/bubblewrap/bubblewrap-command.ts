import { lstatSync, readlinkSync } from 'node:fs';
import type { SandboxLimits } from '../program-runner.ts';

/** What one process in bubblewrap sees and runs. */
export interface BubblewrapStart {
  readonly command: readonly string[];
  /** Of this machine, read-only at the same path. */
  readonly readablePaths: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly limits: SandboxLimits;
  /** False for Deno: it has no right to write, and its own cache is larger. */
  readonly limitsFileSize: boolean;
  /** Bounds the address space too, where the runtime does not reserve more than it uses. */
  readonly addressSpaceBytes?: number;
}

const SYSTEM_FOLDERS = ['/bin', '/sbin', '/lib', '/lib64', '/lib32'];
const WORK_FOLDER = '/program';
// What all files of a program may take together, in each of its three folders: it is memory of this machine.
const SCRATCH_BYTES = 64 * 1024 * 1024;
// A runtime with its modules opens some dozens.
const OPEN_FILES = 256;
// The user `nobody`: it owns nothing on this machine.
const NOBODY = '65534';
const SEPARATION = [
  '--unshare-all',
  '--die-with-parent',
  '--new-session',
  '--clearenv',
  '--hostname',
  'sandbox',
].concat(['--uid', NOBODY], ['--gid', NOBODY]);
const DEVICES = ['--proc', '/proc', '--dev', '/dev'];
const SCRATCH_FOLDERS = ['/tmp', WORK_FOLDER, '/dev/shm'];
// After everything is in place: nothing but the scratch folders can be written.
const CLOSING = ['--remount-ro', '/dev', '--remount-ro', '/', '--chdir', WORK_FOLDER];

/** The arguments of `bwrap` for one start. */
export function bubblewrapArguments(start: BubblewrapStart): readonly string[] {
  return [
    ...SEPARATION,
    ...systemFolders(),
    ...DEVICES,
    ...SCRATCH_FOLDERS.flatMap((path) => ['--size', String(SCRATCH_BYTES), '--tmpfs', path]),
    ...start.readablePaths.flatMap((path) => ['--ro-bind', path, path]),
    ...CLOSING,
    ...Object.entries(start.environment).flatMap(([name, value]) => ['--setenv', name, value]),
    ...limitArguments(start),
    ...start.command,
  ];
}

/** The system's programs and libraries; `/etc` and `/home` are not there. */
function systemFolders(): readonly string[] {
  const links = SYSTEM_FOLDERS.flatMap((path) => {
    const status = lstatSync(path, { throwIfNoEntry: false });
    if (status === undefined) return [];
    return status.isSymbolicLink() ? ['--symlink', readlinkSync(path), path] : ['--ro-bind', path, path];
  });
  return ['--ro-bind', '/usr', '/usr', ...links, '--ro-bind-try', '/etc/ld.so.cache', '/etc/ld.so.cache'];
}

/** Limits of the kernel; the watch from outside ends what crosses the same limits as a whole. */
function limitArguments({ limits, limitsFileSize, addressSpaceBytes }: BubblewrapStart): readonly string[] {
  return [
    'prlimit',
    `--nproc=${limits.processes}`,
    ...(limitsFileSize ? [`--fsize=${limits.fileBytes}`] : []),
    `--nofile=${OPEN_FILES}`,
    '--core=0',
    ...(addressSpaceBytes === undefined ? [] : [`--as=${addressSpaceBytes}`]),
  ];
}
