import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';
import type { GenerateBody } from '../../api/wire-request.ts';
import { addServiceOptions, openClient } from '../command-context.ts';
import type { CommandContext, ServiceOptions } from '../command-context.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { catchInterrupts, describeDetaching } from '../interrupts.ts';
import { collect, readNumber, readWholeNumber } from '../read-option.ts';
import { runRequest } from '../run-request.ts';

type Example = NonNullable<GenerateBody['examples']>[number];

interface GenerateOptions extends ServiceOptions {
  readonly file?: string;
  readonly language?: string;
  readonly tests?: readonly string[];
  readonly example?: readonly Example[];
  readonly context?: string;
  readonly model?: readonly string[];
  readonly candidates?: number;
  readonly decompose?: string;
  readonly priority?: number;
  readonly namespace?: string;
  readonly temperature?: number;
  readonly fresh?: boolean;
  readonly id?: string;
  /** Seconds; true: until the run has ended; false: not at all. */
  readonly wait: boolean | number;
  readonly watch?: boolean;
  readonly out?: string;
}

const EXAMPLES = `
Examples:
  hydra generate "Create a Python function to calculate fibonacci numbers"
  hydra generate -f task.md --language typescript --out ./result
  hydra generate "add(a, b) in Python" --example 'add(1, 2) => 3' --tests test_add.py
  git diff | hydra generate - --watch
  hydra generate "…" --json | jq -r .result.code
`;

// A timer of Node.js takes no more milliseconds than fit into 32 bits: 24 days.
const LONGEST_WAIT_SECONDS = 2_000_000;

const WAIT = new Option('--wait [seconds]', 'wait no longer than this; without a number until the run has ended')
  .argParser(readWholeNumber(0, LONGEST_WAIT_SECONDS))
  .default(true, 'until it has ended');

/** `hydra generate`: ask for code. */
export function addGenerateCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('generate')
    .summary('ask for code and print it')
    .description('Ask for code, wait for it and print it. Ctrl-C detaches: the run goes on.')
    .argument('[prompt...]', 'what to write; "-" reads it from stdin')
    .option('-f, --file <file>', 'read the prompt from a file; "-" is stdin')
    .option('-l, --language <name>', 'python, typescript, javascript, …; else it is told from the prompt')
    .option('-t, --tests <file>', 'tests that must pass; may be given again', collect)
    .option('-e, --example <text>', "'call => expected' that must hold; may be given again", collectExample)
    .option('--context <file>', 'text that the models should know')
    .option('-m, --model <name>', 'model that may write the code, preferred first; may be given again', collect)
    .option('-n, --candidates <count>', 'candidates per part', readNumber)
    .option('--decompose <mode>', 'auto, always or never')
    .option('--priority <number>', '1 is served first, 5 last', readNumber)
    .option('--namespace <name>', 'your project or user; hosts are shared out evenly between them')
    .option('--temperature <number>', 'of the models, 0 to 2', readNumber)
    .option('--fresh', 'do not recall an earlier answer')
    .option('--id <id>', 'ID of the run; the same ID and request gives the same run')
    .addOption(WAIT)
    .option('--no-wait', 'print the ID and end')
    .option('-w, --watch', 'show what the models write')
    .option('-o, --out <folder>', 'write the files there')
    .addHelpText('before', EXAMPLES);
  addServiceOptions(command).action(async (words: readonly string[], options: GenerateOptions) => {
    const prompt = words.length === 0 ? undefined : words.join(' ');
    context.setExitCode(await generate(context, prompt, options));
  });
}

async function generate(
  context: CommandContext,
  prompt: string | undefined,
  options: GenerateOptions,
): Promise<number> {
  const { terminal } = context;
  const client = openClient(context, options);
  const body = toBody(await readPrompt(prompt, options.file), options);
  if (options.wait === false) {
    const accepted = await client.submit(body);
    terminal.print(options.json ? JSON.stringify(accepted, null, 2) : accepted.workflow_id);
    return EXIT.done;
  }
  let runId: string | undefined;
  const interrupts = catchInterrupts(() => terminal.note(describeDetaching(runId)));
  try {
    return await runRequest(client, terminal, body, {
      json: options.json ?? false,
      showsText: options.watch ?? false,
      ...(options.out && { outFolder: options.out }),
      ...(typeof options.wait === 'number' && { waitMs: options.wait * 1_000 }),
      interrupts,
      onAccepted: (id) => (runId = id),
    });
  } finally {
    interrupts.release();
  }
}

async function readPrompt(prompt: string | undefined, file: string | undefined): Promise<string> {
  if (prompt !== undefined && file !== undefined) {
    throw new CommandError(EXIT.usage, 'Give the prompt either as text or as a file, not both.');
  }
  if (prompt === '-' || file === '-') return readText(process.stdin);
  if (file !== undefined) return readFile(file);
  if (prompt !== undefined) return prompt;
  throw new CommandError(EXIT.usage, 'What should be written?', 'Try: hydra generate "Create a Python function …"');
}

function readFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new CommandError(
      EXIT.usage,
      `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}.`,
    );
  }
}

function toBody(prompt: string, options: GenerateOptions): GenerateBody {
  const { tests: testFiles = [], example: examples = [], model: models = [] } = options;
  const tests = testFiles.map((path) => ({ path: basename(path), content: readFile(path) }));
  return {
    prompt,
    // The service checks these words and suggests the right ones.
    ...(options.language && { language: options.language as NonNullable<GenerateBody['language']> }),
    ...(options.decompose && { decompose: options.decompose as NonNullable<GenerateBody['decompose']> }),
    ...(tests.length > 0 && { tests }),
    ...(examples.length > 0 && { examples: [...examples] }),
    ...(options.context && { context: readFile(options.context) }),
    ...(models.length > 0 && { models: [...models] }),
    ...(options.candidates !== undefined && { candidates: options.candidates }),
    ...(options.priority !== undefined && { priority: options.priority }),
    ...(options.namespace !== undefined && { namespace: options.namespace }),
    ...(options.temperature !== undefined && { temperature: options.temperature }),
    ...(options.fresh && { fresh: true }),
    ...(options.id && { workflow_id: options.id }),
  };
}

function collectExample(value: string, before: readonly Example[] = []): readonly Example[] {
  // The last arrow: a call may contain arrow functions.
  const arrow = value.lastIndexOf('=>');
  const call = value.slice(0, Math.max(arrow, 0)).trim();
  const expected = value.slice(arrow + 2).trim();
  if (call === '' || expected === '') throw new InvalidArgumentError("It must look like 'fib(10) => 55'.");
  return [...before, { call, expected }];
}
