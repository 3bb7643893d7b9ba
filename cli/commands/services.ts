import type { Command } from 'commander';
import type { ServiceName } from '../../workers/services/memory-service.ts';
import { readServiceStatus, stopService, type ServiceStatus } from '../../workers/services/service-state.ts';
import { serviceFolder } from '../../workers/services/start-service.ts';
import { addJsonOption, printAnswer, requireSettings, type CommandContext } from '../command-context.ts';
import { formatTable } from '../format.ts';
import { findServices, serviceNames } from './service-names.ts';
import { addServicesUpCommand } from './services-up.ts';

const EXAMPLES = `
Examples:
  hydra services up                 start Redis, Postgres and Chroma, and show the lines for .env
  hydra services up --write-env     the same, and add those lines to .env
  hydra services up redis chroma    only these
  hydra services down               stop what was started; its data stay
`;

/** `hydra services`: the servers that help memory, on this machine; `up`, `down`, `status`. */
export function addServicesCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('services')
    .summary('start, stop and show Redis, Postgres and Chroma on this machine')
    .description('The servers that help memory. All of them are optional: without them SQLite does everything.')
    .addHelpText('before', EXAMPLES);
  addServicesUpCommand(command, context);
  addJsonOption(
    command.command('down').summary('stop what was started; its data stay').addArgument(serviceNames()),
  ).action((names: readonly ServiceName[], options: { readonly json?: boolean }) =>
    stopServices(context, names, options),
  );
  addJsonOption(command.command('status').summary('show what runs, where, and whether the settings name it')).action(
    (options: { readonly json?: boolean }) => showServices(context, options),
  );
}

async function stopServices(
  context: CommandContext,
  names: readonly ServiceName[],
  options: { readonly json?: boolean },
): Promise<void> {
  const { home, cache } = requireSettings(context).settings;
  const services = findServices(cache, names);
  const ended = await Promise.all(services.map((service) => stopService(service, serviceFolder(home, service.name))));
  const stopped = services.filter((_, index) => ended[index]).map(({ name }) => name);
  printAnswer(context, options, { stopped }, () => [
    stopped.length === 0 ? 'None of them was running.' : `Stopped: ${stopped.join(', ')}. Their data stay.`,
  ]);
}

async function showServices(context: CommandContext, options: { readonly json?: boolean }): Promise<void> {
  const { home, cache, memory } = requireSettings(context).settings;
  const services = await Promise.all(
    findServices(cache, []).map((service) => readServiceStatus(service, memory, serviceFolder(home, service.name))),
  );
  printAnswer(context, options, { services }, (answer) => describeServices(answer.services));
}

const STATES = {
  running: 'running',
  silent: 'running, but does not answer',
  stopped: 'stopped',
  new: 'never started here',
} as const satisfies Record<ServiceStatus['state'], string>;

function describeServices(services: readonly ServiceStatus[]): readonly string[] {
  const rows = services.map(({ name, state, pid, address, isUsed }) => [
    name,
    STATES[state],
    pid === null ? '' : String(pid),
    address ?? '',
    isUsed ? 'yes' : 'no',
  ]);
  return formatTable([['SERVICE', 'STATE', 'PROCESS', 'ADDRESS', 'IN THE SETTINGS'], ...rows]);
}
