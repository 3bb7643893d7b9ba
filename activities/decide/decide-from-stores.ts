import type { JudgedCandidate } from '../../domain/candidate.ts';
import type { Decision } from '../../domain/decision.ts';
import type { ArtifactStore } from '../../memory/ports.ts';
import { chooseModels, type ChosenModels } from '../choose-models.ts';
import type { RememberingDependencies, StoreDependencies } from '../dependencies.ts';
import { offerLessons } from '../recall/offer-lessons.ts';
import { loadProgram, loadRequest, loadVerdict } from '../stored-json.ts';
import { decideNext } from './decide-next.ts';
import type { Contender } from './select-candidate.ts';
import type { Situation } from './situation.ts';

/** A situation by reference: candidates by the hashes of their verdicts, and neither request nor models. */
export interface DecideNextInput extends Omit<Situation, 'request' | 'models' | 'contenders' | 'defaultTemperature'> {
  readonly judged: readonly JudgedCandidate[];
}

/** Loads what the references stand for and decides; a repair comes with what memory knows of such an error. */
export async function decideFromStores(deps: RememberingDependencies, input: DecideNextInput): Promise<Decision> {
  const decision = await decide(deps, input);
  if (decision.kind !== 'repair') return decision;
  const { candidate, evidence } = decision;
  const { programHash } = candidate;
  return { ...decision, lessons: await offerLessons(deps, { scope: input.scope, programHash, evidence }) };
}

async function decide(deps: StoreDependencies, input: DecideNextInput): Promise<Decision> {
  const { artifacts, nodeSnapshots } = deps.memory;
  const request = await loadRequest(artifacts, input.scope.requestHash);
  const contenders = await Promise.all(input.judged.map((judged) => loadContender(judged, artifacts)));
  const choosing = chooseModels(request, deps.settings, nodeSnapshots);
  // Settling chooses among what is there, and a proven program is enough: neither must wait for a host.
  const canSettle = input.mustSettle || input.judged.some((judged) => judged.proven);
  const models = await (canSettle ? choosing.catch(() => NO_MODELS) : choosing);
  const mustSettle = input.mustSettle || models === NO_MODELS;
  const defaultTemperature = deps.settings.defaults.temperature;
  return decideNext({ ...input, mustSettle, request, models, contenders, defaultTemperature });
}

const NO_MODELS: ChosenModels = { light: '', heavy: '', workers: [], tasks: {}, nodes: [], missing: [] };

async function loadContender(judged: JudgedCandidate, artifacts: ArtifactStore): Promise<Contender> {
  const [verdict, program] = await Promise.all([
    loadVerdict(artifacts, judged.verdictHash),
    loadProgram(artifacts, judged.candidate.programHash),
  ]);
  const sizeCharacters = program.files.reduce((sum, file) => sum + file.content.length, 0);
  return { judged, verdict, sizeCharacters };
}
