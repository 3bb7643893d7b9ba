import type { Command } from 'commander';
import { addServiceOptions, printAnswer } from '../command-context.ts';
import type { CommandContext, ServiceOptions } from '../command-context.ts';
import { describeRetention } from '../describe-memory.ts';
import { openMemoryClient } from '../memory-client.ts';

interface GcOptions extends ServiceOptions {
  readonly dryRun?: boolean;
}

/** `hydra memory gc`: remove what the settings do not let stay. */
export function addMemoryGcCommand(memory: Command, context: CommandContext): void {
  const command = memory
    .command('gc')
    .summary('remove what is expired, too old or too much')
    .description('Remove what is expired, too old or too much for the settings of the service, as is done every day.')
    .option('--dry-run', 'remove nothing, only count')
    .addHelpText('before', '\nExamples:\n  hydra memory gc --dry-run\n  hydra memory gc\n');
  addServiceOptions(command).action(async (options: GcOptions) => {
    const report = await openMemoryClient(context, options).collectGarbage(options.dryRun ?? false);
    printAnswer(context, options, report, describeRetention);
  });
}
