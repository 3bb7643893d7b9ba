import type { Command } from 'commander';
import { suggestName } from '../config/suggest-name.ts';
import { CommandError, EXIT } from './exit-codes.ts';

/** For a group of commands that does something by itself. Errors: CommandError that offers the verb which was perhaps meant. */
export function refuseUnknownVerb(group: Command): void {
  const [verb] = group.args;
  if (verb === undefined) return;
  const verbs = group.commands.map((command) => command.name());
  throw new CommandError(
    EXIT.usage,
    `hydra ${group.name()} has no "${verb}"${suggestName(verb, verbs)}`,
    `It has: ${verbs.join(', ')}`,
  );
}
