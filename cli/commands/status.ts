import type { Command } from 'commander';
import { addServiceOptions, openClient, printAnswer } from '../command-context.ts';
import type { CommandContext, ServiceOptions } from '../command-context.ts';
import { describeRun } from '../format.ts';

/** `hydra status <id>`: a run with its checks. */
export function addStatusCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('status')
    .summary('show a run: progress, result, checks')
    .argument('<id>', 'ID of the run')
    .addHelpText('before', '\nExamples:\n  hydra status run-abc\n  hydra status run-abc --json | jq .result.checks\n');
  addServiceOptions(command).action(async (id: string, options: ServiceOptions) => {
    printAnswer(context, options, await openClient(context, options).getRun(id), describeRun);
  });
}
