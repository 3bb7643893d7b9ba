import type { Command } from 'commander';
import type { WireRunList } from '../../api/wire-run.ts';
import { addServiceOptions, openClient, printAnswer } from '../command-context.ts';
import type { CommandContext, ServiceOptions } from '../command-context.ts';
import { formatExcerpt, formatState, formatTable } from '../format.ts';

interface ListOptions extends ServiceOptions {
  readonly status?: string;
  readonly limit: string;
  readonly cursor?: string;
}

/** `hydra list`: runs, newest first. */
export function addListCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('list')
    .summary('list runs, newest first')
    .option('-s, --status <status>', 'queued, running, completed, failed or cancelled')
    .option('-n, --limit <count>', 'runs on a page', '20')
    .option('--cursor <text>', 'go on where the page before ended')
    .addHelpText(
      'before',
      '\nExamples:\n  hydra list\n  hydra list --status failed --json | jq -r .runs[].workflow_id\n',
    );
  addServiceOptions(command).action(async (options: ListOptions) => {
    const { status, limit, cursor } = options;
    const page = await openClient(context, options).listRuns({
      limit,
      ...(status && { status }),
      ...(cursor && { cursor }),
    });
    printAnswer(context, options, page, describePage);
    if (page.next_cursor !== null && !options.json) {
      context.terminal.note(`There are more: hydra list --cursor ${page.next_cursor}`);
    }
  });
}

const PROMPT_WIDTH = 60;

function describePage({ runs }: WireRunList): readonly string[] {
  const rows = runs.map((run) => [
    run.workflow_id,
    formatState(run),
    run.created_at.slice(0, 19).replace('T', ' '),
    formatExcerpt(run.prompt, PROMPT_WIDTH),
  ]);
  return formatTable([['ID', 'STATE', 'CREATED (UTC)', 'PROMPT'], ...rows]);
}
