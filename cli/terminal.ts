import picocolors from 'picocolors';
import { withCommandName } from './command-name.ts';

type Colors = ReturnType<typeof picocolors.createColors>;

/** Where a command writes: data to stdout, everything else to stderr. */
export interface Terminal {
  /** How the user called the command. */
  readonly commandName: string;
  /** A line of data. */
  print(line: string): void;
  /** A line of an answer that people read. */
  tell(line: string): void;
  /** A line for people beside the answer. */
  note(line: string): void;
  /** Text for people that goes on where the last one ended. */
  write(text: string): void;
  /** Shows a line that the next one replaces; nothing where stderr is no terminal. */
  showStatus(line: string): void;
  clearStatus(): void;
  /** Colours for stdout; without effect where there are none. */
  readonly colors: Colors;
  /** Colours for stderr. */
  readonly noteColors: Colors;
}

// Clears the line from its beginning.
const CLEAR_LINE = '\r\u001b[K';

/** The terminal of this process. `NO_COLOR`, `TERM=dumb` and pipes switch colours and the status line off. */
export function createTerminal(environment: NodeJS.ProcessEnv, commandName: string): Terminal {
  const { stdout, stderr } = process;
  const isPlain = (environment['NO_COLOR'] ?? '') !== '' || environment['TERM'] === 'dumb';
  const canRewrite = stderr.isTTY && environment['TERM'] !== 'dumb';
  let hasStatus = false;

  function clearStatus(): void {
    if (hasStatus) stderr.write(CLEAR_LINE);
    hasStatus = false;
  }

  function write(text: string): void {
    clearStatus();
    stderr.write(text);
  }

  function print(line: string): void {
    clearStatus();
    stdout.write(`${line}\n`);
  }

  return {
    commandName,
    print,
    tell: (line) => print(withCommandName(line, commandName)),
    note: (line) => write(`${withCommandName(line, commandName)}\n`),
    write,
    showStatus(line) {
      if (!canRewrite) return;
      stderr.write(CLEAR_LINE + line.slice(0, (stderr.columns ?? 80) - 1));
      hasStatus = true;
    },
    clearStatus,
    colors: picocolors.createColors(stdout.isTTY && !isPlain),
    noteColors: picocolors.createColors(stderr.isTTY && !isPlain),
  };
}

/** A reader that went away, such as `head`, is no error: the command ends quietly. */
export function endQuietlyOnClosedPipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      process.exit(process.exitCode ?? 0);
    });
  }
}
