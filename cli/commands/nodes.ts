import type { Command } from 'commander';
import type { WireNode } from '../../api/wire-fleet.ts';
import { addServiceOptions, openClient, printAnswer } from '../command-context.ts';
import type { CommandContext, ServiceOptions } from '../command-context.ts';
import { describeNode, describeNodes } from '../describe-nodes.ts';
import { EXIT } from '../exit-codes.ts';
import { catchInterrupts } from '../interrupts.ts';
import { refuseUnknownVerb } from '../refuse-unknown-verb.ts';
import { watchNodes } from '../watch-nodes.ts';
import { addNodeAddCommand } from './node-add.ts';
import { addNodeSteeringCommands } from './node-steering.ts';

interface NodesOptions extends ServiceOptions {
  readonly watch?: boolean;
}

const EXAMPLES = `
Examples:
  hydra nodes
  hydra nodes --watch
  hydra nodes --json | jq .nodes[].models[].name
  hydra nodes add http://gpu-2:11434 --slots 4
  hydra nodes drain gpu-2
`;

/** `hydra nodes`: the Ollama hosts, and what is wanted of them. */
export function addNodesCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('nodes')
    .summary('list, add, drain and remove Ollama hosts')
    .description('List the Ollama hosts, or change what is wanted of them; it is kept over restarts.')
    .option('-w, --watch', 'go on showing them until Ctrl-C')
    .addHelpText('before', EXAMPLES);
  // A misspelt verb comes here.
  command.allowExcessArguments();
  addServiceOptions(command).action(async (options: NodesOptions) => {
    refuseUnknownVerb(command);
    await listNodes(context, options);
  });
  addShowCommand(command, context);
  addNodeAddCommand(command, context);
  addNodeSteeringCommands(command, context);
}

async function listNodes(context: CommandContext, options: NodesOptions): Promise<void> {
  const client = openClient(context, options);
  if (!options.watch) return printAnswer(context, options, await client.getNodes(), describeNodes);
  const interrupts = catchInterrupts(() => undefined);
  try {
    const { signal } = interrupts;
    await watchNodes(client, context.terminal, { asJson: options.json ?? false, signal });
    context.setExitCode(EXIT.interrupted);
  } finally {
    interrupts.release();
  }
}

function addShowCommand(nodes: Command, context: CommandContext): void {
  const command = nodes
    .command('show')
    .summary('show one host and its models')
    .argument('<id>', 'name of the host')
    .addHelpText('before', '\nExamples:\n  hydra nodes show gpu-2\n');
  addServiceOptions(command).action(async (id: string, _: ServiceOptions, self: Command) => {
    const options = self.optsWithGlobals<ServiceOptions>();
    printAnswer<WireNode>(context, options, await openClient(context, options).getNode(id), describeNode);
  });
}
