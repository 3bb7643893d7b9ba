import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { SynthesisFailure, type FailureType } from '../domain/failure.ts';

const run = promisify(execFile);

/** Who listens on a port. */
export interface PortHolder {
  readonly pid: number;
  readonly command: string;
}

/** A port that a process of ours needs, and the setting by which it is changed. */
export interface NeededPort {
  readonly host: string;
  readonly port: number;
  readonly setting: string;
}

/** Throws a failure of the given type that names port, holder and setting of every port that is taken. */
export async function assertPortsFree(ports: readonly NeededPort[], type: FailureType): Promise<void> {
  const taken = await findTakenPorts(ports);
  if (taken.length > 0) throw portsTaken(taken, type);
}

/** A needed port that somebody listens on; null: who it is cannot be told. */
export type TakenPort = NeededPort & { readonly holder: PortHolder | null };

/** Finds those of the ports that are taken, and by whom. */
export async function findTakenPorts(ports: readonly NeededPort[]): Promise<readonly TakenPort[]> {
  const taken: TakenPort[] = [];
  for (const needed of ports) {
    if (await isPortFree(needed)) continue;
    const holder = await findPortHolder(needed.port);
    if (holder !== null || !(await becomesFree(needed))) taken.push({ ...needed, holder });
  }
  return taken;
}

/** The failure that names them all, one on a line. */
export function portsTaken(taken: readonly TakenPort[], type: FailureType): SynthesisFailure {
  const lines = taken.map(({ port, setting, holder }) => {
    const who = holder === null ? 'another program' : `${holder.command} (process ${holder.pid})`;
    return `Port ${port} is taken by ${who}. Stop it, or use another with ${setting}.`;
  });
  return new SynthesisFailure(type, lines.join('\n'), { taken });
}

/** A killed server counts as gone before the last of its threads has given its ports back; nobody is seen to hold them then. */
const RELEASE_MS = 3_000;
const LOOK_INTERVAL_MS = 50;

async function becomesFree(needed: NeededPort): Promise<boolean> {
  const deadline = Date.now() + RELEASE_MS;
  while (Date.now() < deadline) {
    await delay(LOOK_INTERVAL_MS);
    if (await isPortFree(needed)) return true;
  }
  return false;
}

/** True when nobody listens there. What else keeps us from listening is said by whoever tries to. */
function isPortFree({ host, port }: NeededPort): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'EADDRINUSE'));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}

/** Finds who listens on a port, as far as this system and our rights tell; null otherwise. */
export async function findPortHolder(port: number): Promise<PortHolder | null> {
  return existsSync('/proc/net/tcp') ? findInProc(port) : findWithLsof(port);
}

function findInProc(port: number): PortHolder | null {
  const sockets = new Set(['tcp', 'tcp6'].flatMap((table) => listeningSockets(`/proc/net/${table}`, port)));
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (holdsSocket(pid, sockets)) return { pid: Number(pid), command: commandOf(pid) };
  }
  return null;
}

/** Source: proc(5), net/tcp: local address as hex `ip:port`, state `0A` for listening, the inode as tenth field. */
function listeningSockets(table: string, port: number): string[] {
  if (!existsSync(table)) return [];
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return readFileSync(table, 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => state === '0A' && local?.endsWith(suffix))
    .map((fields) => `socket:[${fields[9]}]`);
}

function holdsSocket(pid: string, sockets: ReadonlySet<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => sockets.has(readLinkOrNothing(`/proc/${pid}/fd/${fd}`)));
  } catch {
    // Another user's process, or one that has just ended.
    return false;
  }
}

function readLinkOrNothing(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

/** Long enough to tell which of several servers it is. */
const MAX_COMMAND_CHARACTERS = 60;

/** The command as it was typed, without the folder of its program; its arguments tell one server from another. */
function commandOf(pid: string): string {
  try {
    const [program = '', ...rest] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    const command = [basename(program), ...rest].join(' ').trim();
    return command.length > MAX_COMMAND_CHARACTERS ? `${command.slice(0, MAX_COMMAND_CHARACTERS - 1)}…` : command;
  } catch {
    return 'a program';
  }
}

async function findWithLsof(port: number): Promise<PortHolder | null> {
  try {
    // -F p c: one line with the process number, one with its command.
    const { stdout } = await run('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc']);
    const pid = Number(/^p(\d+)$/m.exec(stdout)?.[1]);
    return Number.isNaN(pid) ? null : { pid, command: /^c(.+)$/m.exec(stdout)?.[1] ?? 'a program' };
  } catch {
    return null;
  }
}
