/** Runs one job inside Deno: loads the module and sends frames about what happened. The parent has written the files. */
import process from 'node:process';
import { canonicalText } from './javascript-canonical.ts';
import { createSender, endProcess, readJobText, readLine, type Frame } from './frames.ts';
import { installTestNames, runTests } from './javascript-tests.ts';

interface Job {
  /** URL of the program's folder, with a slash at its end. */
  readonly folder: string;
  /** URL of the bundled `expect`; loaded for tests only. */
  readonly expectUrl: string;
  readonly skip: readonly (number | string)[];
  readonly task:
    | { readonly kind: 'import'; readonly module: string }
    | { readonly kind: 'calls'; readonly module: string | null; readonly expressions: readonly string[] }
    | { readonly kind: 'tests'; readonly testFiles: readonly string[] }
    | { readonly kind: 'program'; readonly module: string };
}

type Evaluate = (expression: string) => unknown;

/** A line that the parent puts at the end of the module hands its scope over under this name. */
const SCOPE_KEY = Symbol.for('hydra.scope');
const MAX_MESSAGE_CHARACTERS = 500;
// Whoever repairs the program reads this; more than a few frames does not help.
const MAX_TRACE_CHARACTERS = 2_000;

const send = createSender(readLine());
send({ kind: 'ready' });
const job = JSON.parse(readJobText()) as Job;
// A promise that nobody awaits must not end the process in the middle of another call; a program it ends, as everywhere.
if (job.task.kind !== 'program') process.on('unhandledRejection', () => undefined);
await runJob(job).catch((error: unknown) => {
  if (job.task.kind === 'program') throw error;
  send({ kind: 'load_failed', error: describeError(error) });
  endProcess(1);
});

async function runJob({ task, folder, skip, expectUrl }: Job): Promise<void> {
  switch (task.kind) {
    case 'program':
      process.argv[1] = new URL(task.module, folder).pathname;
      await import(new URL(task.module, folder).href);
      return;
    case 'import':
      await loadScope(task.module, folder);
      break;
    case 'calls':
      await runCalls(task.expressions, skip, await loadScope(task.module, folder));
      break;
    case 'tests':
      await installTestNames(expectUrl);
      await runTests(task.testFiles, folder, skip, send, describeError);
      break;
    default:
      task satisfies never;
  }
  send({ kind: 'done' });
  endProcess(0);
}

/** Loads the module; the way to evaluate in its scope, or undefined when it could not be loaded (a frame then says why). */
async function loadScope(module: string | null, folder: string): Promise<Evaluate | undefined> {
  if (module === null) {
    send({ kind: 'loaded' });
    // oxlint-disable-next-line no-eval -- evaluating what is asked is this program's purpose
    return (expression) => (0, eval)(`(async () => (${expression}\n))()`);
  }
  try {
    const evaluate = await loadModule(new URL(module, folder).href);
    send({ kind: 'loaded' });
    return evaluate;
  } catch (error) {
    send({ kind: 'load_failed', error: describeError(error) });
    return undefined;
  }
}

async function loadModule(url: string): Promise<Evaluate> {
  let evaluateInModule: Evaluate | undefined;
  const holder = globalThis as Record<symbol, unknown>;
  holder[SCOPE_KEY] = (evaluate: Evaluate) => (evaluateInModule = evaluate);
  const namespace = (await import(url)) as Record<string, unknown>;
  delete holder[SCOPE_KEY];
  const exported = exportedNames(namespace);
  const names = Object.keys(exported).join(', ');
  return (expression) => {
    const code = `(async ({ ${names} }) => (${expression}\n))`;
    // oxlint-disable-next-line no-eval -- as above; a module whose scope was not handed over shows its exports only
    const evaluate = (evaluateInModule ?? globalThis.eval)(code) as (values: Record<string, unknown>) => unknown;
    return evaluate(exported);
  };
}

/** What a module exports, by names that can be used in an expression; a CommonJS module's are those of `module.exports`. */
function exportedNames(namespace: Record<string, unknown>): Record<string, unknown> {
  const main = namespace['default'];
  const named = typeof main === 'function' && main.name !== '' ? { [main.name]: main } : {};
  const members = typeof main === 'object' && main !== null ? main : {};
  const all: Record<string, unknown> = { ...members, ...named, ...namespace };
  const usable = Object.entries(all).filter(([name]) => /^[A-Za-z_$][\w$]*$/u.test(name) && name !== 'default');
  return Object.fromEntries(usable);
}

async function runCalls(
  expressions: readonly string[],
  skip: readonly (number | string)[],
  evaluate: Evaluate | undefined,
): Promise<void> {
  if (evaluate === undefined) return;
  for (let index = 0; index < expressions.length; index += 1) {
    if (skip.includes(index)) continue;
    send({ kind: 'started', item: index });
    const outcome = await outcomeOf(() => evaluate(expressions[index] ?? ''));
    send({ kind: 'call', item: index, outcome: { __proto__: null, ...outcome } });
  }
}

async function outcomeOf(call: () => unknown): Promise<Frame> {
  try {
    return { ended: 'value', canonical: await canonicalText(await call()) };
  } catch (error) {
    return {
      ended: 'raised',
      errorType: typeOfError(error),
      message: messageOf(error).slice(0, MAX_MESSAGE_CHARACTERS),
    };
  }
}

function typeOfError(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  return error.name === 'Error' ? error.constructor.name : error.name;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The error with the frames of its stack that lie in the program. */
function describeError(error: unknown): string {
  if (!(error instanceof Error)) return `Thrown: ${String(error)}`.slice(0, MAX_MESSAGE_CHARACTERS);
  const frames = (error.stack ?? '').split('\n').filter((line) => line.trimStart().startsWith('at '));
  const own = frames.filter((line) => line.includes(job.folder)).map((line) => line.replaceAll(job.folder, ''));
  const text = [`${typeOfError(error)}: ${error.message}`.replaceAll(job.folder, ''), ...own].join('\n');
  return text.slice(0, MAX_TRACE_CHARACTERS);
}
