import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
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
  readonly port: number;
  readonly setting: string;
}

/** Throws a failure of the given type that names holder and setting where one of the ports is taken. */
export async function assertPortsFree(host: string, ports: readonly NeededPort[], type: FailureType): Promise<void> {
  for (const { port, setting } of ports) {
    if (await isPortFree(host, port)) continue;
    const holder = await findPortHolder(port);
    if (holder === null && (await becomesFree(host, port))) continue;
    const who = holder === null ? 'another program' : `${holder.command} (process ${holder.pid})`;
    const message = `Port ${port} is taken by ${who}. Stop it, or use another with ${setting}.`;
    throw new SynthesisFailure(type, message, { port, setting, holder });
  }
}

/** A killed server counts as gone before the last of its threads has given its ports back; nobody is seen to hold them then. */
const RELEASE_MS = 3_000;
const LOOK_INTERVAL_MS = 50;

async function becomesFree(host: string, port: number): Promise<boolean> {
  const deadline = Date.now() + RELEASE_MS;
  while (Date.now() < deadline) {
    await delay(LOOK_INTERVAL_MS);
    if (await isPortFree(host, port)) return true;
  }
  return false;
}

/** True when the port can be listened on now. */
export function isPortFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
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

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
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
