import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { endRecordedProcess } from '../../workers/end-process.ts';
import { OLLAMA_PROCESS } from '../../workers/managed-ollama.ts';
import { recordFileOf } from '../../workers/managed-process.ts';
import { TEMPORAL_PROCESS } from '../../workers/temporal-dev-server.ts';
import { isAlive } from '../../sandbox/process-identity.ts';
import { findService } from '../../workers/service-record.ts';
import { requireSettings } from '../command-context.ts';
import type { CommandContext } from '../command-context.ts';
import { CommandError, EXIT } from '../exit-codes.ts';

/** `hydra down`: stop the service of this home. */
export function addDownCommand(program: Command, context: CommandContext): void {
  program
    .command('down')
    .summary('stop Hydra')
    .description('Stop Hydra; open runs go on at the next start.')
    .option('--json', 'print what was stopped as JSON')
    .addHelpText('before', '\nExamples:\n  hydra down\n')
    .action(async ({ json }: { readonly json?: boolean }) => {
      const stopped = await stopService(context);
      if (json) context.terminal.print(JSON.stringify({ stopped }));
    });
}

const LOOK_INTERVAL_MS = 100;
// Beyond the grace time of running work, the parts are ended one after another.
const STOP_MARGIN_MS = 30_000;

/** The names of what was stopped. */
async function stopService(context: CommandContext): Promise<readonly string[]> {
  const { settings } = requireSettings(context);
  const { terminal } = context;
  const service = await findService(settings.home);
  if (service === null) {
    const ended = await endLeftovers(settings.home);
    terminal.note(
      ended.length > 0
        ? `Hydra did not run; ended what it had left behind: ${ended.join(', ')}.`
        : 'Hydra does not run.',
    );
    return ended;
  }
  const { pid } = service.process;
  process.kill(pid, 'SIGTERM');
  const deadline = Date.now() + settings.timeouts.shutdownGraceMs + STOP_MARGIN_MS;
  while (await isAlive(service.process)) {
    if (Date.now() > deadline)
      throw new CommandError(EXIT.failed, `Process ${pid} does not end.`, `End it with: kill -9 ${pid}`);
    terminal.showStatus(`Waiting for process ${pid} to end`);
    await delay(LOOK_INTERVAL_MS);
  }
  terminal.note('Hydra is stopped; open runs go on at the next start.');
  return ['hydra'];
}

/** A service that was killed leaves its programs running; the next start would take them over. */
async function endLeftovers(home: string): Promise<readonly string[]> {
  const ended: string[] = [];
  for (const name of [TEMPORAL_PROCESS, OLLAMA_PROCESS]) {
    if (await endRecordedProcess(recordFileOf(home, name))) ended.push(name);
  }
  return ended;
}
