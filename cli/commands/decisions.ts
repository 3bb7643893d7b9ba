import type { Command } from 'commander';
import type { WireDecision, WireDecisionList } from '../../api/wire-decision.ts';
import { addServiceOptions, openClient, printAnswer } from '../command-context.ts';
import type { CommandContext, ServiceOptions } from '../command-context.ts';
import { formatDuration, formatExcerpt, formatTable } from '../format.ts';

interface DecisionsOptions extends ServiceOptions {
  readonly run?: string;
  readonly node?: string;
  readonly limit: string;
}

/** `hydra decisions`: which host each model call went to, and why. */
export function addDecisionsCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('decisions')
    .summary('show which host each model call went to, and why')
    .option('-r, --run <id>', 'only the calls of this run')
    .option('-n, --node <id>', 'only the calls that went to this host')
    .option('-l, --limit <count>', 'decisions shown', '20')
    .addHelpText(
      'before',
      '\nExamples:\n  hydra decisions\n  hydra decisions --run run-abc\n  hydra decisions --json | jq .decisions[0].offers\n',
    );
  addServiceOptions(command).action(async (options: DecisionsOptions) => {
    const { limit, run, node } = options;
    const filter = { limit, ...(run !== undefined && { run }), ...(node !== undefined && { node }) };
    printAnswer(context, options, await openClient(context, options).listDecisions(filter), describeDecisions);
  });
}

const STEP_WIDTH = 40;
/** A reader compares a few hosts; `--json` has all of them. */
const ALTERNATIVES_SHOWN = 3;

function describeDecisions({ decisions }: WireDecisionList): readonly string[] {
  if (decisions.length === 0) return ['No model call of this kind has been given to a host yet.'];
  const rows = decisions.map((decision) => [
    decision.at.slice(0, 19).replace('T', ' '),
    decision.workflow_id,
    formatExcerpt(decision.step, STEP_WIDTH),
    decision.model,
    decision.node,
    formatSeconds(decision.waited_seconds),
    formatSeconds(decision.predicted_seconds),
    describeEnd(decision),
    describeAlternatives(decision),
  ]);
  const head = ['TIME (UTC)', 'RUN', 'STEP', 'MODEL', 'HOST', 'WAITED', 'PREDICTED', 'TOOK', 'OTHER HOSTS'];
  return formatTable([head, ...rows]);
}

function describeEnd({ ended, measured_seconds: measured }: WireDecision): string {
  if (ended === null || measured === null) return 'not ended';
  return ended === 'finished' ? formatSeconds(measured) : `${formatSeconds(measured)}, ${ended}`;
}

function describeAlternatives({ node, offers, passed_over: passedOver }: WireDecision): string {
  const others = offers
    .filter((offer) => offer.node !== node)
    .map((offer) => `${offer.node} ${formatSeconds(offer.finish_seconds)}${offer.must_load ? ' with a load' : ''}`);
  const refused = passedOver.map((host) => `${host.node} ${host.reason.replace('_', ' ')}`);
  const all = [...others, ...refused];
  const hidden = all.length - ALTERNATIVES_SHOWN;
  return [...all.slice(0, ALTERNATIVES_SHOWN), ...(hidden > 0 ? [`${hidden} more`] : [])].join('; ');
}

function formatSeconds(seconds: number): string {
  return formatDuration(seconds * 1_000);
}
