/**
 * A small test runner with the names of vitest, jest, node:test and Deno.test. It collects all files first, then runs one
 * test after another and sends a frame about each.
 */
import assert from 'node:assert';
import type { Frame } from './frames.ts';

type Body = (context: unknown) => unknown;
type Hook = 'beforeAll' | 'beforeEach' | 'afterEach' | 'afterAll';

interface Suite {
  readonly name: string;
  readonly parent: Suite | null;
  readonly mode: Mode;
  readonly hooks: Record<Hook, Body[]>;
  opened: boolean;
  remaining: number;
}

interface Test {
  readonly name: string;
  readonly suite: Suite;
  readonly mode: Mode;
  readonly body: Body;
}

type Mode = 'run' | 'skip' | 'only' | 'todo' | 'fails';
type Outcome = readonly [outcome: 'passed' | 'failed' | 'error' | 'skipped', evidence: string];

/** vitest hands a context to such a function, jest a callback; only the name of the parameter tells them apart. */
const TAKES_DONE = /^(?:function\s*\w*\s*)?\(?\s*(?:done|callback|cb)\b/u;

const root = createSuite('', null, 'run');
const tests: Test[] = [];
let current = root;
const pendingSuites: Promise<unknown>[] = [];

function createSuite(name: string, parent: Suite | null, mode: Mode): Suite {
  const hooks = { beforeAll: [], beforeEach: [], afterEach: [], afterAll: [] };
  return { name, parent, mode, hooks, opened: false, remaining: 0 };
}

function addSuite(mode: Mode, name: string, define: Body): void {
  const before = current;
  current = createSuite(name, before, mode === 'run' ? before.mode : mode);
  try {
    const result = define(undefined);
    if (result instanceof Promise) pendingSuites[pendingSuites.length] = result;
  } finally {
    current = before;
  }
}

function addTest(mode: Mode, name: string, body: Body): void {
  const known = new Set(tests.map((test) => test.name));
  const full = pathOf(current, name);
  let unique = full;
  for (let copy = 2; known.has(unique); copy += 1) unique = `${full} (${copy})`;
  tests[tests.length] = { name: unique, suite: current, mode: mode === 'run' ? current.mode : mode, body };
}

function pathOf(suite: Suite, name: string): string {
  return suite.parent === null ? name : pathOf(suite.parent, `${suite.name} > ${name}`);
}

/** Arguments as the libraries allow them: name, options and body in any of their orders, or one object or named function. */
function readArguments(values: readonly unknown[]): readonly [name: string, body: Body, mode: Mode] {
  const body = values.find((value) => typeof value === 'function') as (Body & { readonly name: string }) | undefined;
  const options = (values.find((value) => typeof value === 'object' && value !== null) ?? {}) as Record<
    string,
    unknown
  >;
  const inner = typeof options['fn'] === 'function' ? (options['fn'] as Body) : undefined;
  const name = values.find((value) => typeof value === 'string') ?? options['name'] ?? body?.name ?? 'unnamed';
  const skipped = Boolean(options['skip'] ?? options['ignore'] ?? false) || options['todo'] === true;
  const mode = skipped || (body ?? inner) === undefined ? 'skip' : options['only'] === true ? 'only' : 'run';
  return [typeof name === 'string' ? name : 'unnamed', body ?? inner ?? (() => undefined), mode];
}

type Add = (mode: Mode, name: string, body: Body) => void;

function createDefiner(add: Add, mode: Mode = 'run'): (...values: unknown[]) => void {
  const define = (...values: unknown[]): void => {
    const [name, body, found] = readArguments(values);
    add(mode === 'run' ? found : mode, name, body);
  };
  const each = (table: unknown, ...rest: unknown[]) => defineEach(add, mode, readTable(table, rest));
  return Object.assign(define, { each });
}

function defineEach(
  add: Add,
  mode: Mode,
  rows: readonly unknown[],
): (name: string, body: (...values: unknown[]) => unknown) => void {
  return (name, body) => {
    rows.forEach((row, index) => {
      const values: readonly unknown[] = Array.isArray(row) ? row : [row];
      add(mode, formatName(name, values, index), () => body(...values));
    });
  };
}

/** Rows of `each`: an array, or a template table whose first line names the columns. */
function readTable(table: unknown, values: readonly unknown[]): readonly unknown[] {
  if (!Array.isArray(table) || !('raw' in table)) return Array.isArray(table) ? table : [];
  const columns = String(table[0])
    .split('|')
    .map((column) => column.trim())
    .filter((column) => column !== '');
  const rows = Array.from({ length: Math.floor(values.length / columns.length) }, (_, row) => row);
  return rows.map((row) =>
    Object.fromEntries(columns.map((name, column) => [name, values[row * columns.length + column]])),
  );
}

function formatName(name: string, values: readonly unknown[], index: number): string {
  let next = 0;
  const filled = name.replaceAll(/%([sdifjop#$%])/gu, (match, code: string) => {
    if (code === '%') return '%';
    if (code === '#' || code === '$') return String(index);
    const value = values[next];
    next += 1;
    return typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  });
  const row = values[0];
  return filled.replaceAll(/\$([A-Za-z_]\w*)/gu, (match, key: string) =>
    typeof row === 'object' && row !== null && key in row ? String((row as Record<string, unknown>)[key]) : match,
  );
}

function createFamily(add: Add): ReturnType<typeof createDefiner> {
  const modes = { skip: 'skip', only: 'only', todo: 'todo', fails: 'fails', failing: 'fails', ignore: 'skip' } as const;
  const variants = Object.entries(modes).map(([name, mode]) => [name, createDefiner(add, mode)] as const);
  const same = createDefiner(add);
  const conditional = {
    skipIf: (skip: unknown) => createDefiner(add, skip ? 'skip' : 'run'),
    concurrent: same,
    sequential: same,
  };
  return Object.assign(createDefiner(add), Object.fromEntries(variants), conditional);
}

function createHook(hook: Hook): (body: Body) => void {
  return (body) => {
    current.hooks[hook][current.hooks[hook].length] = body;
  };
}

export const describe = createFamily(addSuite);
export const it = createFamily(addTest);
export const [beforeAll, beforeEach] = [createHook('beforeAll'), createHook('beforeEach')];
export const [afterAll, afterEach] = [createHook('afterAll'), createHook('afterEach')];
/** Set by `installTestNames` before any test file is loaded. */
export let expect: unknown;
export let mocks: unknown;

/** Loads `expect`, gives test files their global names and takes from the program the chance to replace the assertions. */
export async function installTestNames(expectUrl: string): Promise<void> {
  const library = (await import(expectUrl)) as TestLibrary;
  expect = library.expect;
  mocks = library.createMocks();
  const names = {
    describe,
    suite: describe,
    it,
    test: it,
    beforeAll,
    beforeEach,
    afterAll,
    afterEach,
    expect,
    vi: mocks,
    jest: mocks,
  };
  Object.assign(globalThis, names);
  (globalThis as unknown as { Deno: { test: unknown } }).Deno.test = it;
  for (const owner of [library.expect, assert, assert.strict]) Object.freeze(owner);
}

interface TestLibrary {
  readonly expect: object;
  createMocks(): unknown;
}

/** Loads the files, then runs every test that is not in `skip`. */
export async function runTests(
  files: readonly string[],
  folder: string,
  skip: readonly (number | string)[],
  send: (frame: Frame) => void,
  describeError: (error: unknown) => string,
): Promise<void> {
  for (let index = 0; index < files.length; index += 1) {
    try {
      await import(new URL(files[index] ?? '', folder).href);
      await Promise.all(pendingSuites);
    } catch (error) {
      send({ kind: 'load_failed', error: describeError(error) });
    }
  }
  const onlySome = tests.some((test) => test.mode === 'only');
  for (let index = 0; index < tests.length; index += 1) send({ kind: 'collected', item: tests[index]?.name });
  send({ kind: 'loaded' });
  await runAll(skip, onlySome, send, describeError);
}

async function runAll(
  skip: readonly (number | string)[],
  onlySome: boolean,
  send: (frame: Frame) => void,
  describeError: (error: unknown) => string,
): Promise<void> {
  const waiting = tests.filter((test) => !skip.includes(test.name));
  for (const test of waiting) for (const suite of suitesOf(test)) suite.remaining += 1;
  for (let index = 0; index < waiting.length; index += 1) {
    const test = waiting[index];
    if (test === undefined) continue;
    send({ kind: 'started', item: test.name });
    const [outcome, evidence] = await runOne(test, onlySome, describeError);
    send({ kind: 'test', item: test.name, outcome, evidence });
  }
}

function suitesOf(test: Test): readonly Suite[] {
  const suites: Suite[] = [];
  for (let suite: Suite | null = test.suite; suite !== null; suite = suite.parent) suites.unshift(suite);
  return suites;
}

async function runOne(test: Test, onlySome: boolean, describeError: (error: unknown) => string): Promise<Outcome> {
  const suites = suitesOf(test);
  const skipped = test.mode === 'skip' || test.mode === 'todo' || (onlySome && test.mode !== 'only');
  let outcome: Outcome = ['skipped', ''];
  if (!skipped) outcome = await runBody(test, suites, describeError);
  for (const suite of suites.toReversed()) {
    suite.remaining -= 1;
    if (suite.remaining === 0 && suite.opened) await runHooks(suite, 'afterAll');
  }
  return outcome;
}

async function runBody(
  test: Test,
  suites: readonly Suite[],
  describeError: (error: unknown) => string,
): Promise<Outcome> {
  try {
    for (const suite of suites) {
      if (!suite.opened) await runHooks(suite, 'beforeAll');
      suite.opened = true;
    }
    for (const suite of suites) await runHooks(suite, 'beforeEach');
  } catch (error) {
    return ['error', describeError(error)];
  }
  const thrown = await errorOf(() => callBody(test.body));
  const tidied = await errorOf(async () => {
    for (const suite of suites.toReversed()) await runHooks(suite, 'afterEach');
  });
  if (test.mode === 'fails')
    return thrown === null ? ['failed', 'The test was expected to fail and passed.'] : ['passed', ''];
  if (thrown !== null) return ['failed', describeError(thrown.error)];
  return tidied === null ? ['passed', ''] : ['error', describeError(tidied.error)];
}

async function runHooks(suite: Suite, hook: Hook): Promise<void> {
  const hooks = suite.hooks[hook];
  for (let index = 0; index < hooks.length; index += 1) await hooks[index]?.(createContext());
}

async function errorOf(run: () => unknown): Promise<{ readonly error: unknown } | null> {
  try {
    await run();
    return null;
  } catch (error) {
    return { error };
  }
}

/** Runs a test's body; one that takes `done` (jest, node:test) ends when that is called. */
async function callBody(body: Body): Promise<void> {
  if (!TAKES_DONE.test(Function.prototype.toString.call(body))) {
    await body(createContext());
    return;
  }
  await new Promise<void>((resolve, reject) => {
    body((error?: unknown) => (error === undefined || error === null ? resolve() : reject(error)));
  });
}

/** What tests of node:test and Deno get: steps run inside the test they belong to. */
function createContext(): unknown {
  const step = async (...values: unknown[]): Promise<boolean> => {
    const [, body, mode] = readArguments(values);
    if (mode !== 'skip') await callBody(body);
    return true;
  };
  const ignore = (): void => undefined;
  return { expect, test: step, step, it: step, assert, mock: mocks, diagnostic: ignore, skip: ignore, after: ignore };
}
