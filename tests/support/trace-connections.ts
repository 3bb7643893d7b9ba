import { spawn, type ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';

/** Starts a command under strace, which writes every connection and message of it and of all that it starts into a file. */
export function spawnTraced(file: string, command: readonly string[], env: NodeJS.ProcessEnv): ChildProcess {
  const calls = 'connect,sendto,sendmsg,sendmmsg,bind,getsockname';
  // Without the filter in the kernel, each system call of every process stops for strace.
  const flags = ['-f', '--seccomp-bpf', '-qq', '-e', 'signal=none', '-e', `trace=${calls}`, '-o', file];
  return spawn('strace', [...flags, ...command], { env, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** One address that a process named to the network. */
export interface NamedAddress {
  readonly address: string;
  readonly port: number;
  /** The line of the trace. */
  readonly line: string;
}

/** What a trace says about the network. Addresses of sockets between processes of a machine are left out. */
export interface Trace {
  /** Where something was sent or connected to. */
  readonly reached: readonly NamedAddress[];
  /** Ports that the processes had for themselves. */
  readonly ownPorts: ReadonlySet<number>;
}

export async function readTrace(file: string): Promise<Trace> {
  const lines = (await readFile(file, 'utf8')).split('\n');
  const ownLines = lines.filter((line) => /\b(?:bind|getsockname)(?:\(| resumed)/.test(line));
  const others = lines.filter((line) => !ownLines.includes(line));
  return {
    reached: others.flatMap(readAddresses),
    ownPorts: new Set(ownLines.flatMap(readAddresses).map(({ port }) => port)),
  };
}

const ADDRESS =
  /sin6?_port=htons\((\d+)\), (?:sin_addr=inet_addr\("([^"]+)"\)|sin6_flowinfo=[^,]+, inet_pton\(AF_INET6, "([^"]+)")/g;

function readAddresses(line: string): NamedAddress[] {
  return [...line.matchAll(ADDRESS)].map(([, port, v4, v6]) => ({ address: v4 ?? v6 ?? '', port: Number(port), line }));
}
