import type { Command } from 'commander';
import { parseOllamaAddress } from '../../config/ollama-address.ts';
import { addServiceOptions, openClient, printAnswer } from '../command-context.ts';
import type { CommandContext, ServiceOptions } from '../command-context.ts';
import { readNumber } from '../read-option.ts';

interface AddOptions extends ServiceOptions {
  readonly name?: string;
  readonly slots?: number;
  readonly vramGb?: number;
  readonly tokenEnv?: string;
}

const EXAMPLES = `
Examples:
  hydra nodes add gpu-2
  hydra nodes add http://192.168.1.20:11434 --name gpu-2 --slots 4 --vram-gb 24
  hydra nodes add https://ollama.example.com --token-env HYDRA_TOKEN_EXAMPLE
`;

/** `hydra nodes add <url>`: one more host. */
export function addNodeAddCommand(nodes: Command, context: CommandContext): void {
  const command = nodes
    .command('add')
    .summary('add a host')
    .argument('<url>', 'where its Ollama answers')
    .option('-n, --name <name>', 'its name; default: made from the URL')
    .option('--slots <count>', 'requests that it runs at once, its OLLAMA_NUM_PARALLEL', readNumber)
    .option('--vram-gb <number>', 'memory of its graphics cards together', readNumber)
    .option('--token-env <variable>', 'environment variable of the service, HYDRA_TOKEN_<NAME>, that holds its token')
    .addHelpText('before', EXAMPLES);
  addServiceOptions(command).action(async (url: string, _: AddOptions, self: Command) => {
    const options = self.optsWithGlobals<AddOptions>();
    const node = await openClient(context, options).addNode(toBody(url, options));
    printAnswer(context, options, node, ({ id }) => [
      `${id} is added (${node.url}) and used as soon as it answers. Look with: hydra nodes show ${id}`,
    ]);
  });
}

function toBody(address: string, { name, slots, vramGb, tokenEnv }: AddOptions) {
  // Written as people write OLLAMA_HOST; what cannot be read is the service's to refuse.
  const url = parseOllamaAddress(address);
  return {
    url: url.ok ? url.value : address,
    ...(name !== undefined && { name }),
    ...(slots !== undefined && { slots }),
    ...(vramGb !== undefined && { vram_gb: vramGb }),
    ...(tokenEnv !== undefined && { token_env: tokenEnv }),
  };
}
