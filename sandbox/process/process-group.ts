/** Leaders of the groups that this process has started and that still run. */
const leaders = new Set<number>();

/**
 * Ends a process group with this process, however it ends, but for a kill. Returns what forgets the group, once it has ended.
 * `leader` was started with `detached`.
 */
export function bindProcessGroup(leader: number): () => void {
  if (leaders.size === 0) process.on('exit', killAll);
  leaders.add(leader);
  return () => {
    leaders.delete(leader);
    if (leaders.size === 0) process.off('exit', killAll);
  };
}

/** Kills the group; nothing where it has gone. */
export function killProcessGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // It has ended in the meantime.
  }
}

function killAll(): void {
  for (const leader of leaders) killProcessGroup(leader);
}
