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
  /** True where a status is shown: stderr is a terminal. */
  readonly showsStatus: boolean;
  /** Shows lines that the next ones replace; nothing where stderr is no terminal. */
  showStatus(lines: string): void;
  clearStatus(): void;
  /** Shows lines on stdout that the next ones replace; undefined where stdout is no terminal, which keeps what it was given. */
  readonly redraw: ((lines: readonly string[]) => void) | undefined;
  /** Colours for stdout; without effect where there are none. */
  readonly colors: Colors;
  /** Colours for stderr. */
  readonly noteColors: Colors;
}

// Clears the line from its beginning.
const CLEAR_LINE = '\r\u001b[K';
// Clears what is below the cursor.
const CLEAR_BELOW = '\u001b[J';
const CLEAR_LINE_ABOVE = '\u001b[1A\u001b[2K';

/** The terminal of this process. `NO_COLOR`, `TERM=dumb` and pipes switch colours and the status line off. */
export function createTerminal(environment: NodeJS.ProcessEnv, commandName: string): Terminal {
  const { stdout, stderr } = process;
  const isPlain = (environment['NO_COLOR'] ?? '') !== '' || environment['TERM'] === 'dumb';
  const canRewrite = stderr.isTTY && environment['TERM'] !== 'dumb';
  let statusLines = 0;

  function clearStatus(): void {
    if (statusLines > 0) stderr.write(CLEAR_LINE + CLEAR_LINE_ABOVE.repeat(statusLines - 1));
    statusLines = 0;
  }

  /** Lines that were wrapped or scrolled away could not be cleared. Some terminals do not say how large they are. */
  function cutToScreen(lines: string): readonly string[] {
    const { columns, rows } = stderr;
    return lines
      .split('\n')
      .slice(0, (rows > 0 ? rows : 24) - 1)
      .map((line) => line.slice(0, (columns > 0 ? columns : 80) - 1));
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
    showsStatus: canRewrite,
    showStatus(lines) {
      if (!canRewrite) return;
      const shown = cutToScreen(lines);
      clearStatus();
      stderr.write(CLEAR_LINE + shown.join('\n'));
      statusLines = shown.length;
    },
    clearStatus,
    redraw: stdout.isTTY && environment['TERM'] !== 'dumb' ? createRedraw(stdout, commandName) : undefined,
    colors: picocolors.createColors(stdout.isTTY && !isPlain),
    noteColors: picocolors.createColors(stderr.isTTY && !isPlain),
  };
}

/** A window that is too low shows the first lines: what has scrolled away cannot be replaced. */
function createRedraw(stdout: NodeJS.WriteStream, commandName: string): (lines: readonly string[]) => void {
  let shownCount = 0;
  return (lines) => {
    const { columns, rows } = stdout;
    const shown = lines.slice(0, rows - 1).map((line) => withCommandName(line, commandName).slice(0, columns - 1));
    const back = shownCount > 0 ? `\u001b[${shownCount}A\r` : '';
    stdout.write(`${back}${CLEAR_BELOW}${shown.map((line) => `${line}\n`).join('')}`);
    shownCount = shown.length;
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
