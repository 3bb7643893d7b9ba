import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import type { Settings } from '../config/settings.ts';
import type { NodeId } from '../domain/ids.ts';
import type { NodeAddress } from '../domain/node.ts';
import { describeRunners } from '../sandbox/create-program-runner.ts';
import type { RunnerReport } from '../sandbox/runner-choice.ts';
import { adviseTier } from '../workers/advise-tier.ts';
import { locateRecord } from '../workers/open-record.ts';
import type { Programs } from '../workers/programs.ts';
import { ownOllama } from '../workers/start-programs.ts';
import { tryServer } from '../workers/try-tier.ts';
import { toApiUrl } from './command-context.ts';
import { describeModels, found } from './doctor-part.ts';
import type { DoctorPart, Finding } from './doctor-part.ts';
import { listServiceParts, servicePart } from './doctor-service-parts.ts';
import { listSettingsTiers } from './doctor-tier-parts.ts';
import type { RunningService } from './find-running.ts';

export interface DoctorInputs {
  readonly settings: Settings;
  readonly programs: Programs;
  readonly nodeVersion: string;
  /** Its nodes and addresses are shown instead of those of the settings. */
  readonly running: RunningService | undefined;
}

const CHECK_TIMEOUT_MS = 3_000;
const SET_UP = 'Set up what is missing with: npm start';

/** Every part, in the order in which one would look for a fault. */
export function listDoctorParts({ settings, programs, nodeVersion, running }: DoctorInputs): readonly DoctorPart[] {
  const own = ownOllama(settings, programs);
  let tried: Promise<readonly RunnerReport[]> | undefined;
  // Both are tried together, by running programs in them, and only once.
  const runners = (): Promise<readonly RunnerReport[]> => (tried ??= describeRunners(settings.cache));
  return [
    { name: 'node', required: true, check: async () => found(`version ${nodeVersion}`) },
    { name: 'state folder', required: true, check: async () => checkFolder(settings.home) },
    {
      name: 'temporal program',
      required: settings.temporal.managed,
      check: async () => checkProgram(programs.temporal),
    },
    { name: 'ollama program', required: own !== null, check: async () => checkProgram(programs.ollama) },
    ...(running ? listServiceParts(running) : listSettingsParts(settings, own)),
    { name: 'sandbox bubblewrap', required: false, check: () => checkSandbox(runners(), 'bubblewrap') },
    { name: 'sandbox deno', required: false, check: () => checkSandbox(runners(), 'deno') },
    running ? servicePart(running) : { name: 'service', required: false, check: async () => noService(settings) },
  ];
}

/** What a start with these settings would use. */
function listSettingsParts(settings: Settings, own: Programs['managedOllama']): readonly DoctorPart[] {
  return [
    { name: 'database', required: true, check: () => checkDatabase(settings) },
    ...listSettingsTiers(settings),
    { name: 'temporal server', required: !settings.temporal.managed, check: () => checkTemporal(settings) },
    ...(own ? [toOwnNodePart(own.url)] : settings.nodes.map(toNodePart)),
  ];
}

/** A folder that is not there yet is made at the first start; then what counts is where. */
function checkFolder(folder: string): Finding {
  const isThere = existsSync(folder);
  try {
    accessSync(isThere ? folder : nearestFolder(folder), constants.W_OK);
    return found(isThere ? folder : `${folder}, made at the first start`);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { state: 'down', detail, advice: 'Make it writable, or set HYDRA_HOME to another folder.' };
  }
}

function nearestFolder(path: string): string {
  return existsSync(path) ? path : nearestFolder(dirname(path));
}

function checkProgram(program: Programs['temporal']): Finding {
  if (program === null) return { state: 'missing', detail: 'not set up', advice: SET_UP };
  const detail = `version ${program.version}, ${program.path} (${program.source})`;
  if (existsSync(program.path)) return found(detail);
  return { state: 'missing', detail: `${program.path} is gone`, advice: SET_UP };
}

async function checkTemporal(settings: Settings): Promise<Finding> {
  const { address, managed } = settings.temporal;
  const problem = await tryConnect(address);
  if (problem === undefined) return found(`${address} answers`);
  const advice = managed ? 'It is started by: hydra up' : 'Start it, or set TEMPORAL_ADDRESS to one that runs.';
  return { state: 'down', detail: `${address}: ${problem}`, advice };
}

/** Why nobody answers there; undefined when somebody does. */
function tryConnect(address: string): Promise<string | undefined> {
  const split = address.lastIndexOf(':');
  const socket = connect({
    host: address.slice(0, split),
    port: Number(address.slice(split + 1)),
    timeout: CHECK_TIMEOUT_MS,
  });
  return new Promise<string | undefined>((resolve) => {
    socket.once('connect', () => resolve(undefined));
    socket.once('timeout', () => resolve('no answer in time'));
    socket.once('error', (error) => resolve(error.message || 'connection refused'));
  }).finally(() => socket.destroy());
}

function toNodePart(node: NodeAddress): DoctorPart {
  return { name: `node ${node.id}`, required: true, check: () => checkNode(node) };
}

/** Hydra starts it together with itself: that it does not run now is no fault. */
function toOwnNodePart(url: string): DoctorPart {
  const node = { id: 'local' as NodeId, url, slots: 1 };
  const check = async () => {
    const finding = await checkNode(node);
    return finding.state === 'ok' ? finding : { ...finding, advice: 'It is started by: hydra up' };
  };
  return { name: 'node local', required: false, check };
}

async function checkNode(node: NodeAddress): Promise<Finding> {
  try {
    const version = await askNode<{ version: string }>(node, '/api/version');
    const tags = await askNode<{ models: { name: string }[] }>(node, '/api/tags');
    return describeModels(
      `${node.url}, version ${version.version}`,
      tags.models.map((model) => model.name),
    );
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const reason = (cause instanceof Error && cause.message) || 'connection refused';
    return {
      state: 'down',
      detail: `${node.url}: ${reason}`,
      advice: 'Start it (ollama serve), or correct HYDRA_NODES or OLLAMA_HOST.',
    };
  }
}

async function askNode<Answer>(node: NodeAddress, path: string): Promise<Answer> {
  const headers: Record<string, string> = node.bearerToken ? { authorization: `Bearer ${node.bearerToken}` } : {};
  const response = await fetch(node.url + path, { headers, signal: AbortSignal.timeout(CHECK_TIMEOUT_MS) });
  if (!response.ok) throw new Error(`HTTP ${response.status} for ${path}`);
  return (await response.json()) as Answer;
}

/** Says what really ran in it here. */
async function checkSandbox(runners: Promise<readonly RunnerReport[]>, name: RunnerReport['name']): Promise<Finding> {
  const report = (await runners).find((one) => one.name === name);
  if (report?.description) {
    const { version, languages, weaknesses } = report.description;
    const weak = weaknesses.length > 0 ? `; weak: ${weaknesses.join('; ')}` : '';
    return found(`version ${version}, runs ${languages.join(', ')}${weak}`);
  }
  const isHint = name === 'bubblewrap' && process.platform === 'linux';
  const advice = isHint
    ? 'Faster than Deno where it works: apt install bubblewrap'
    : 'Install the packages with: npm install';
  return { state: 'missing', detail: report?.problem ?? 'not tried', advice };
}

async function checkDatabase(settings: Settings): Promise<Finding> {
  const place = locateRecord(settings);
  if (settings.memory.record === 'postgres') return checkServerDatabase(settings, place);
  if (!existsSync(place)) return found(`${place}, made at the first start`);
  return found(`${place}, ${Math.ceil(statSync(place).size / 1024)} kB`);
}

async function checkServerDatabase({ memory }: Settings, place: string): Promise<Finding> {
  const trial = await tryServer('postgres', memory, CHECK_TIMEOUT_MS);
  if (trial === 'off' || trial.problem === null) return found(`${place} answers`);
  const advice = adviseTier({ name: 'postgres', isRecord: true });
  return { state: 'down', detail: `${place}: ${trial.problem}`, advice };
}

function noService(settings: Settings): Finding {
  return { state: 'down', detail: `nothing answers at ${toApiUrl(settings)}`, advice: 'Start it with: hydra up' };
}
