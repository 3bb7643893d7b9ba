import { readdirSync, readFileSync } from 'node:fs';

/** A process of this machine, as `/proc` tells. */
interface SeenProcess {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
  readonly environment: string;
}

/** Command lines of living processes that descend from this one, or that name the word in command or environment. Linux only. */
export function findProcesses(word: string): readonly string[] {
  const all = listProcesses();
  const parents = new Map(all.map(({ pid, parent }) => [pid, parent]));
  const isOurs = (pid: number): boolean => {
    for (let at: number | undefined = parents.get(pid); at !== undefined; at = parents.get(at)) {
      if (at === process.pid) return true;
    }
    return false;
  };
  return all
    .filter(({ pid, command, environment }) => isOurs(pid) || `${command}${environment}`.includes(word))
    .filter(({ pid }) => pid !== process.pid)
    .map(({ pid, command }) => `${pid} ${command}`);
}

function listProcesses(): readonly SeenProcess[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.flatMap((name) => {
    try {
      const [stat = '', command = '', environment = ''] = ['stat', 'cmdline', 'environ'].map((file) =>
        readFileSync(`/proc/${name}/${file}`, 'utf8'),
      );
      // The name in brackets may hold anything; state and parent follow it.
      const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (state === 'Z') return [];
      return [{ pid: Number(name), parent: Number(parent), command: command.replaceAll('\0', ' '), environment }];
    } catch {
      return [];
    }
  });
}
