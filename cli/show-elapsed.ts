import { formatDuration } from './format.ts';
import type { Terminal } from './terminal.ts';

const TICK_MS = 1000;

/** Shows on a terminal what goes on without a word, and for how long. Returns what ends it. */
export function showElapsed(terminal: Terminal, doing: string): () => void {
  const startedAt = performance.now();
  const tick = setInterval(() => {
    terminal.showStatus(`${doing} (${formatDuration(performance.now() - startedAt)})`);
  }, TICK_MS);
  tick.unref();
  return () => {
    clearInterval(tick);
    terminal.clearStatus();
  };
}
