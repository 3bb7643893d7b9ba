import { Command, CommanderError } from 'commander';
import { SynthesisFailure } from '../domain/failure.ts';
import type { CommandContext } from './command-context.ts';
import { withCommandName } from './command-name.ts';
import { addCancelCommand } from './commands/cancel.ts';
import { addConfigCommand } from './commands/config.ts';
import { addDecisionsCommand } from './commands/decisions.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { addDownCommand } from './commands/down.ts';
import { addEventsCommand } from './commands/events.ts';
import { addGenerateCommand } from './commands/generate.ts';
import { addListCommand } from './commands/list.ts';
import { addMemoryCommand } from './commands/memory.ts';
import { addModelsCommand } from './commands/models.ts';
import { addNodesCommand } from './commands/nodes.ts';
import { addServicesCommand } from './commands/services.ts';
import { addSimulateNodeCommand } from './commands/simulate-node.ts';
import { addStatusCommand } from './commands/status.ts';
import { addUpCommand } from './commands/up.ts';
import { CommandError, EXIT, EXIT_CODES_HELP } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';

const EXAMPLES = `
Examples:
  hydra up                                                          start Hydra
  hydra generate "Create a Python function to calculate fibonacci numbers"
  hydra list                                                        what was asked before
  hydra doctor                                                      what is missing or broken
`;

const ADD_COMMANDS = [
  addUpCommand,
  addDownCommand,
  addGenerateCommand,
  addStatusCommand,
  addListCommand,
  addEventsCommand,
  addCancelCommand,
  addNodesCommand,
  addDecisionsCommand,
  addModelsCommand,
  addMemoryCommand,
  addServicesCommand,
  addDoctorCommand,
  addConfigCommand,
  addSimulateNodeCommand,
];

/** Runs one command and resolves with its exit code. Expected errors are shown without a stack. */
export async function runCommandLine(
  words: readonly string[],
  surroundings: Omit<CommandContext, 'setExitCode'>,
): Promise<number> {
  let exitCode: number = EXIT.done;
  const context: CommandContext = { ...surroundings, setExitCode: (code) => (exitCode = code) };
  try {
    const program = createProgram(context);
    if (words.length === 0) program.outputHelp();
    else await program.parseAsync(words, { from: 'user' });
    return exitCode;
  } catch (error) {
    return reportError(context.terminal, error);
  }
}

/** The command with all its verbs and their help; what a verb needs of its surroundings is asked for when it runs. */
export function createProgram(context: CommandContext): Command {
  const { commandName } = context.terminal;
  const program = new Command(commandName)
    .configureOutput({
      writeOut: (text) => process.stdout.write(withCommandName(text, commandName)),
      writeErr: (text) => process.stderr.write(withCommandName(text, commandName)),
    })
    .description('Code that was run and tested, written by the Ollama models you own.')
    .version(context.version, '-V, --version')
    .exitOverride()
    .configureHelp({ sortSubcommands: false })
    .showHelpAfterError('(hydra <command> --help shows what there is)')
    .addHelpText('before', EXAMPLES);
  for (const add of ADD_COMMANDS) add(program, context);
  for (const command of [program, ...listCommands(program)]) command.addHelpText('after', EXIT_CODES_HELP);
  for (const command of listCommands(program)) describeBySummary(command);
  return program;
}

/** All commands below this one. */
function listCommands({ commands }: Command): readonly Command[] {
  return commands.flatMap((command) => [command, ...listCommands(command)]);
}

/** A command that needs no more words than the list of commands has says at least those in its own help. */
function describeBySummary(command: Command): void {
  const summary = command.summary();
  if (command.description() === '') command.description(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`);
}

function reportError(terminal: Terminal, error: unknown): number {
  terminal.clearStatus();
  const red = terminal.noteColors.red;
  // Commander has shown its own message.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  if (error instanceof CommandError) {
    terminal.note(red(error.message));
    if (error.advice !== '') terminal.note(error.advice);
    return error.exitCode;
  }
  if (error instanceof SynthesisFailure) {
    terminal.note(red(error.message));
    return EXIT.failed;
  }
  terminal.note(red(`A bug in Hydra: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`));
  return EXIT.failed;
}
