import type { Command } from 'commander';
import type { WireNode } from '../../api/wire-fleet.ts';
import { formatCount } from '../../domain/format-count.ts';
import type { ApiClient } from '../api-client.ts';
import { addServiceOptions, openClient, printAnswer } from '../command-context.ts';
import type { CommandContext, ServiceOptions } from '../command-context.ts';
import { describeNode } from '../describe-nodes.ts';

/** One verb with a host as its object. */
interface Steering<Answer> {
  readonly verb: string;
  readonly summary: string;
  readonly steer: (client: ApiClient, id: string) => Promise<Answer>;
  readonly describe: (answer: Answer) => readonly string[];
}

/** `hydra nodes drain|resume|remove|probe <id>`. */
export function addNodeSteeringCommands(nodes: Command, context: CommandContext): void {
  addSteering(nodes, context, {
    verb: 'drain',
    summary: 'give a host no new calls; those that run go on',
    steer: (client, id) => client.steerNode(id, 'drain'),
    describe: (node) => [
      `${node.id} gets no new calls${describeRunning(node)}. Undo with: hydra nodes resume ${node.id}`,
    ],
  });
  addSteering(nodes, context, {
    verb: 'resume',
    summary: 'give a drained or removed host calls again',
    steer: (client, id) => client.steerNode(id, 'resume'),
    describe: ({ id }) => [`${id} gets calls again.`],
  });
  addSteering(nodes, context, {
    verb: 'remove',
    summary: 'take a host out; its running calls end in peace',
    steer: (client, id) => client.removeNode(id),
    describe: (node) => [`${node.id} is removed${describeRunning(node)}. Undo with: hydra nodes resume ${node.id}`],
  });
  addSteering(nodes, context, {
    verb: 'probe',
    summary: 'look at a host at once',
    steer: (client, id) => client.probeNode(id),
    describe: ({ fresh, node }) => [
      ...(fresh ? [] : ['Nobody has looked yet; no process looks after the hosts now. What was last known:']),
      ...describeNode(node),
    ],
  });
}

function addSteering<Answer>(nodes: Command, context: CommandContext, steering: Steering<Answer>): void {
  const { verb, summary, steer, describe } = steering;
  const command = nodes
    .command(verb)
    .summary(summary)
    .argument('<id>', 'name of the host')
    .addHelpText('before', `\nExamples:\n  hydra nodes ${verb} gpu-2\n`);
  addServiceOptions(command).action(async (id: string, _: ServiceOptions, self: Command) => {
    const options = self.optsWithGlobals<ServiceOptions>();
    printAnswer(context, options, await steer(openClient(context, options), id), describe);
  });
}

function describeRunning({ busy_slots: busy }: WireNode): string {
  return busy === 0 ? '' : `; ${formatCount(busy, 'call')} of it ${busy === 1 ? 'goes' : 'go'} on to the end`;
}
