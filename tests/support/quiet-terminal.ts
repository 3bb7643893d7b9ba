import picocolors from 'picocolors';
import type { Terminal } from '../../cli/terminal.ts';

/** A terminal that keeps what it is given: for commands that run in the process of the test. */
export interface QuietTerminal extends Terminal {
  /** What came on standard output. */
  readonly printed: string[];
  /** What came beside it. */
  readonly noted: string[];
}

export function createQuietTerminal(): QuietTerminal {
  const printed: string[] = [];
  const noted: string[] = [];
  const colors = picocolors.createColors(false);
  return {
    commandName: 'hydra',
    printed,
    noted,
    print: (line) => void printed.push(line),
    tell: (line) => void printed.push(line),
    note: (line) => void noted.push(line),
    write: (text) => void noted.push(text),
    showsStatus: false,
    showStatus: () => {},
    clearStatus: () => {},
    redraw: undefined,
    colors,
    noteColors: colors,
  };
}
