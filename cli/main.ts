/** The `hydra` command as a process. Everything else is `command-line.ts`. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runCommandLine } from './command-line.ts';
import { findCommandName } from './command-name.ts';
import { createTerminal, endQuietlyOnClosedPipe } from './terminal.ts';

endQuietlyOnClosedPipe();
const folder = fileURLToPath(new URL('..', import.meta.url));
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
const terminal = createTerminal(process.env, findCommandName(process.argv[1] ?? '', process.env));
const code = await runCommandLine(process.argv.slice(2), { environment: process.env, folder, version, terminal });
// Temporal's native part can keep a process alive that has nothing left to do; what was printed goes out first.
process.stdout.write('', () => process.exit(code));
