import type { Command } from 'commander';
import { describeSettings } from '../../config/describe-settings.ts';
import type { SettingDescription } from '../../config/describe-settings.ts';
import { addJsonOption, printAnswer, requireSettings } from '../command-context.ts';
import type { CommandContext, ServiceOptions } from '../command-context.ts';
import { formatTable } from '../format.ts';

/** `hydra config`: every setting, its value and where that comes from. */
export function addConfigCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('config')
    .summary('list the settings and where each comes from')
    .addHelpText('before', '\nExamples:\n  hydra config\n  HYDRA_API_PORT=9000 hydra config --json\n');
  addJsonOption(command).action((options: ServiceOptions) => {
    const settings = describeSettings(requireSettings(context).origins);
    printAnswer(context, options, { settings }, (answer) => describe(answer.settings));
  });
}

function describe(settings: readonly SettingDescription[]): readonly string[] {
  const rows = settings.map(({ name, value, origin, summary }) => [name, value ?? '', origin, summary]);
  return formatTable([['SETTING', 'VALUE', 'FROM', 'MEANING'], ...rows]);
}
