import type { Command } from 'commander';
import { addJsonOption, printAnswer, requireSettings } from '../command-context.ts';
import type { CommandContext, ServiceOptions } from '../command-context.ts';
import { listDoctorParts } from '../doctor-parts.ts';
import type { DoctorPart, Finding } from '../doctor-parts.ts';
import { EXIT } from '../exit-codes.ts';
import { formatTable } from '../format.ts';

/** `hydra doctor`: every part, where it was found, whether it works, what to do. */
export function addDoctorCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('doctor')
    .summary('check every part: found where, working or not, what to do')
    .description('Check every part. The exit code is 1 when a required part is missing or down.')
    .addHelpText('before', '\nExamples:\n  hydra doctor\n  hydra doctor --json\n');
  addJsonOption(command).action(async (options: ServiceOptions) => {
    const { settings } = requireSettings(context);
    // Loaded here: set-up's record belongs to the service's parts.
    const { readPrograms } = await import('../../workers/programs.ts');
    const programs = await readPrograms(settings);
    const nodeVersion = process.versions.node;
    const parts = await checkAll(listDoctorParts({ settings, programs, nodeVersion }));
    printAnswer(context, options, { parts }, (answer) => describe(answer.parts));
    const isBroken = parts.some((part) => part.required && part.state !== 'ok');
    context.setExitCode(isBroken ? EXIT.failed : EXIT.done);
  });
}

type CheckedPart = Finding & Pick<DoctorPart, 'name' | 'required'>;

function checkAll(parts: readonly DoctorPart[]): Promise<readonly CheckedPart[]> {
  return Promise.all(parts.map(async ({ name, required, check }) => ({ name, required, ...(await check()) })));
}

function describe(parts: readonly CheckedPart[]): readonly string[] {
  const rows = parts.map((part) => [part.name, part.required ? 'required' : 'optional', part.state, part.detail]);
  const advice = parts.filter((part) => part.advice !== '').map((part) => `${part.name}: ${part.advice}`);
  return [
    ...formatTable([['PART', '', 'STATE', ''], ...rows]),
    ...(advice.length > 0 ? ['', 'What to do:', ...advice] : []),
  ];
}
