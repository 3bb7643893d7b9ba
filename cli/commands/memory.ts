import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { refuseUnknownVerb } from '../refuse-unknown-verb.ts';
import { addMemoryDeleteCommand } from './memory-delete.ts';
import { addMemoryExportCommand } from './memory-export.ts';
import { addMemoryGcCommand } from './memory-gc.ts';
import { addMemoryImportCommand } from './memory-import.ts';
import { addMemoryRebuildCommand } from './memory-rebuild.ts';
import { addMemoryListCommand } from './memory-list.ts';
import { addMemorySearchCommand } from './memory-search.ts';
import { addMemoryShowCommand } from './memory-show.ts';
import { addMemoryStatusCommand } from './memory-status.ts';

const EXAMPLES = `
Examples:
  hydra memory status                       which tiers work, and how far each copy is behind
  hydra memory search "parse a date"        verified work and lessons like it
  hydra memory list --run add-two-numbers   what a run has left
  hydra memory show 3fa1c09be2d4
  hydra memory export memory.jsonl
  hydra memory gc --dry-run                 what would be removed
`;

/** `hydra memory`: what was learned from finished runs, and the tiers that keep it. */
export function addMemoryCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('memory')
    .summary('see and steer what is remembered')
    .description('See what Hydra remembers of finished runs, and steer the tiers that keep it.')
    .addHelpText('before', EXAMPLES)
    // A misspelt verb comes here.
    .allowExcessArguments()
    .allowUnknownOption()
    .action(() => {
      refuseUnknownVerb(command);
      command.outputHelp();
    });
  addMemoryStatusCommand(command, context);
  addMemorySearchCommand(command, context);
  addMemoryListCommand(command, context);
  addMemoryShowCommand(command, context);
  addMemoryDeleteCommand(command, context);
  addMemoryExportCommand(command, context);
  addMemoryImportCommand(command, context);
  addMemoryRebuildCommand(command, context);
  addMemoryGcCommand(command, context);
}
