import type { Command } from 'commander';
import { addJsonOption, printAnswer, requireSettings } from '../command-context.ts';
import type { CommandContext, ServiceOptions } from '../command-context.ts';
import { listDoctorParts } from '../doctor-parts.ts';
import type { DoctorPart, Finding } from '../doctor-part.ts';
import { EXIT } from '../exit-codes.ts';
import { findRunning } from '../find-running.ts';
import type { RunningService } from '../find-running.ts';
import { formatTable } from '../format.ts';

/** `hydra doctor`: every part, where it was found, whether it works, what to do. */
export function addDoctorCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('doctor')
    .summary('check every part: found where, working or not, what to do')
    .description(
      'Check every part: nodes and addresses of the service where one runs, else those of the settings of this shell. ' +
        'The exit code is 1 when a required part is missing or down.',
    )
    .addHelpText('before', '\nExamples:\n  hydra doctor\n  hydra doctor --json\n');
  addJsonOption(command).action(async (options: ServiceOptions) => {
    const { settings } = requireSettings(context);
    // Loaded here: set-up's record belongs to the service's parts.
    const { readPrograms } = await import('../../workers/programs.ts');
    const [programs, running] = await Promise.all([readPrograms(settings), findRunning(settings)]);
    const nodeVersion = process.versions.node;
    const parts = await checkAll(listDoctorParts({ settings, programs, nodeVersion, running }));
    printAnswer(context, options, { shows: describeSource(running), parts }, (answer) => [
      describeHead(running),
      '',
      ...describe(answer.parts),
    ]);
    const isBroken = parts.some((part) => part.required && part.state !== 'ok');
    context.setExitCode(isBroken ? EXIT.failed : EXIT.done);
  });
}

/** Whose nodes and addresses are shown. */
function describeSource(running: RunningService | undefined) {
  if (running === undefined) return { source: 'settings' } as const;
  return { source: 'service', api_url: running.apiUrl, web_ui_url: running.webUiUrl } as const;
}

function describeHead(running: RunningService | undefined): string {
  if (running === undefined) return 'No service runs: nodes and addresses are those of the settings of this shell.';
  const webUi = running.webUiUrl === null ? '' : `, Temporal Web UI at ${running.webUiUrl}`;
  return `Nodes and addresses are those of the running service: API at ${running.apiUrl}${webUi}.`;
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
