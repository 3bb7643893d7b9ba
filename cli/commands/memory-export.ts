import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { formatCount } from '../../domain/format-count.ts';
import { addServiceOptions } from '../command-context.ts';
import type { CommandContext, ServiceOptions } from '../command-context.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { openMemoryClient } from '../memory-client.ts';

interface ExportOptions extends ServiceOptions {
  readonly namespace?: string;
  readonly kind?: string;
}

const EXAMPLES = `
Examples:
  hydra memory export memory.jsonl
  hydra memory export --namespace research/mona | gzip > mona.jsonl.gz
`;

/** `hydra memory export [file]`: everything that is remembered, as JSON Lines. */
export function addMemoryExportCommand(memory: Command, context: CommandContext): void {
  const command = memory
    .command('export')
    .summary('write out what is remembered, as JSON Lines')
    .argument('[file]', 'where to; else, or with "-", to standard output')
    .option('--namespace <name>', 'only this project or user')
    .option('-k, --kind <kind>', 'only answer, work, lesson or embedding')
    .addHelpText('before', EXAMPLES);
  addServiceOptions(command).action(async (file: string | undefined, options: ExportOptions) => {
    const { namespace, kind } = options;
    const filter = { ...(namespace !== undefined && { namespace }), ...(kind !== undefined && { kind }) };
    const bytes = openMemoryClient(context, options).exportLines(filter);
    const count = await (file === undefined || file === '-' ? writeToStdout(bytes) : writeToFile(bytes, file));
    const place = file === undefined || file === '-' ? 'standard output' : file;
    context.terminal.note(`Wrote ${formatCount(count, 'entry', 'entries')} to ${place}.`);
  });
}

async function writeToStdout(bytes: AsyncIterable<Uint8Array>): Promise<number> {
  const counted = countLines(bytes);
  await pipeline(Readable.from(counted.bytes), process.stdout, { end: false });
  return counted.count();
}

/** The file stands there when it is whole; what broke off leaves an older one as it is. */
async function writeToFile(bytes: AsyncIterable<Uint8Array>, file: string): Promise<number> {
  const partial = `${file}.part`;
  const counted = countLines(bytes);
  try {
    await pipeline(Readable.from(counted.bytes), createWriteStream(partial));
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true });
    if (error instanceof CommandError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError(EXIT.failed, `${file} cannot be written: ${reason}.`);
  }
  return counted.count();
}

const LINE_END = 0x0a;

function countLines(bytes: AsyncIterable<Uint8Array>): {
  readonly bytes: AsyncIterable<Uint8Array>;
  readonly count: () => number;
} {
  let lines = 0;
  async function* count(): AsyncGenerator<Uint8Array> {
    for await (const chunk of bytes) {
      for (const byte of chunk) if (byte === LINE_END) lines += 1;
      yield chunk;
    }
  }
  return { bytes: count(), count: () => lines };
}
