import type { RunnableLanguage } from '../domain/language.ts';
import { createBubblewrapLauncher, type BubblewrapParts } from './bubblewrap/bubblewrap-launcher.ts';
import { findBubblewrap } from './bubblewrap/find-bubblewrap.ts';
import { composeRunners } from './compose-runners.ts';
import { createProcessRunner } from './create-process-runner.ts';
import { findDenoBinary } from './deno/deno-binary.ts';
import { createDenoLauncher } from './deno/deno-launcher.ts';
import { removeAbandonedFolders } from './owned-folder.ts';
import { prepareSandbox } from './prepare-sandbox.ts';
import { probeLanguage } from './probe-runner.ts';
import type { ProgramRunner } from './program-runner.ts';
import type { RunnerChoice, RunnerReport, SandboxChoice } from './runner-choice.ts';
import type { SandboxAssets } from './sandbox-assets.ts';

/** What the choice is made from. `cacheFolder` is the user's cache, where set-up leaves what it made. */
export interface RunnerSettings {
  readonly choice: SandboxChoice;
  readonly cacheFolder: string;
}

type Found = { readonly runner: ProgramRunner } | { readonly problem: string };

/**
 * Finds out by running programs what works on this machine and makes the best runner: for each language bubblewrap where it
 * works, else Deno. A language that no adapter can run is missing from the runner's description.
 */
export async function createProgramRunner({ choice, cacheFolder }: RunnerSettings): Promise<RunnerChoice> {
  await removeAbandonedFolders();
  if (choice === 'none') return { kind: 'none', reason: 'The settings switch the sandbox off.' };
  const assets = await prepareSandbox(cacheFolder, () => undefined);
  const bubblewrap = choice === 'deno' ? { problem: 'not asked for' } : await tryBubblewrap(assets);
  const missing = 'runner' in bubblewrap ? 3 - bubblewrap.runner.description.languages.length : 3;
  const deno = choice === 'bubblewrap' || missing === 0 ? { problem: 'not asked for' } : await tryDeno(assets);
  const runners = [bubblewrap, deno].flatMap((found) => ('runner' in found ? [found.runner] : []));
  const [first, second] = runners;
  if (first === undefined) return { kind: 'none', reason: reasonFor(bubblewrap, deno) };
  return { kind: 'runner', runner: second === undefined ? first : composeRunners(first, second) };
}

/** What each adapter can do here, for people; nothing stays running. */
export async function describeRunners(cacheFolder: string): Promise<readonly RunnerReport[]> {
  const assets = await prepareSandbox(cacheFolder, () => undefined);
  return [await describe('bubblewrap', await tryBubblewrap(assets)), await describe('deno', await tryDeno(assets))];
}

async function describe(name: RunnerReport['name'], found: Found): Promise<RunnerReport> {
  if ('problem' in found) return { name, problem: found.problem, description: null };
  await found.runner.close();
  return { name, problem: null, description: found.runner.description };
}

function reasonFor(bubblewrap: Found, deno: Found): string {
  const problemOf = (found: Found): string => ('problem' in found ? found.problem : 'works');
  return `No sandbox works here. bubblewrap: ${problemOf(bubblewrap)}. Deno: ${problemOf(deno)}.`;
}

async function tryDeno(assets: SandboxAssets): Promise<Found> {
  const binary = findDenoBinary();
  if (binary === null) return { problem: 'npm has no Deno for this platform' };
  return keepWhatWorks(createProcessRunner(createDenoLauncher(binary, assets), assets.expectFile));
}

/** The first combination of user and Python in which Python runs, else the first in which anything does. */
async function tryBubblewrap(assets: SandboxAssets): Promise<Found> {
  const combinations = findBubblewrap(assets);
  if (combinations.length === 0) return { problem: 'the program bwrap is not there (Linux only)' };
  let problem = '';
  for (const parts of combinations) {
    const found = await tryCombination(parts);
    if ('runner' in found && isComplete(found.runner, parts)) return found;
    problem = 'problem' in found ? found.problem : `with ${parts.python?.path ?? 'no Python'} not all languages run`;
    if ('runner' in found) await found.runner.close();
  }
  return { problem };
}

/** A combination counts when all runs that it was made for; one without a Python comes last. */
function isComplete(runner: ProgramRunner, parts: BubblewrapParts): boolean {
  const wanted = (parts.deno === null ? 0 : 2) + (parts.python === null ? 0 : 1);
  return runner.description.languages.length === wanted;
}

function tryCombination(parts: BubblewrapParts): Promise<Found> {
  return keepWhatWorks(createProcessRunner(createBubblewrapLauncher(parts), parts.assets.expectFile));
}

/** The same runner with the languages in which a program really ran. */
async function keepWhatWorks(runner: ProgramRunner): Promise<Found> {
  const problems: string[] = [];
  const working: RunnableLanguage[] = [];
  for (const language of runner.description.languages) {
    // Both are the same process with the same rights.
    const problem = language === 'javascript' ? null : await probeLanguage(runner, language);
    if (problem === null) working.push(language);
    else problems.push(problem);
  }
  const languages = working.filter((language) => language !== 'javascript' || working.includes('typescript'));
  if (languages.length > 0) return { runner: { ...runner, description: { ...runner.description, languages } } };
  await runner.close();
  return { problem: problems.join('; ') };
}
