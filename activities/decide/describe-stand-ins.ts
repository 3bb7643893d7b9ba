import { PART_KINDS } from '../../domain/plan.ts';
import { writingTasks, type WorkerTask } from '../../domain/worker-task.ts';
import type { MissingModel } from '../../fleet/roles/models-present.ts';
import { nameMissingModels } from '../../fleet/roles/name-missing-models.ts';
import type { Situation } from './situation.ts';
import { writersOf } from './writers-of.ts';

type Role = MissingModel['role'];

/** Roles under which models took part in the making of this program. */
interface Played {
  readonly roles: readonly Role[];
  readonly models: readonly string[];
}

/**
 * One sentence when models stood in for configured ones in the making of this program; none when it was made as the settings
 * say, or with the request's own models.
 */
export function describeStandIns(situation: Situation): readonly string[] {
  if (situation.request.models.length > 0) return [];
  const replaced = situation.models.missing.filter(({ isReplaced }) => isReplaced);
  const played = listPlayed(situation).filter(({ models }) => models.length > 0);
  const plays = ({ roles }: Played, { role }: MissingModel): boolean => roles.includes(role);
  const missing = replaced.filter((one) => played.some((part) => plays(part, one)));
  if (missing.length === 0) return [];
  const standIns = played.filter((part) => missing.some((one) => plays(part, one))).flatMap(({ models }) => models);
  const names = new Intl.ListFormat('en-GB').format(new Set(standIns));
  return [`No host has ${nameMissingModels(missing)}; ${names} stood in.`];
}

function listPlayed(situation: Situation): readonly Played[] {
  const { scope, models, contenders, lost, callsProposed } = situation;
  const modelsOf = (wanted: 'sample' | 'repair'): readonly string[] =>
    contenders.flatMap(({ judged: { candidate } }) =>
      candidate.origin === wanted ? (candidate.sample?.model ?? []) : [],
    );
  const wrote = [...modelsOf('sample'), ...lost.map(({ model }) => model)];
  // The heavy model writes only after the writers have failed.
  const isEscalated = (model: string): boolean => model === models.heavy && !writersOf(situation).includes(model);
  const asksLight = scope.classification.decidedBy === 'model';
  return [
    { roles: rolesFor(situation, writingTasks(scope)), models: wrote.filter((model) => !isEscalated(model)) },
    { roles: ['heavy'], models: wrote.filter(isEscalated) },
    { roles: ['repair'], models: modelsOf('repair') },
    { roles: ['light'], models: asksLight ? [models.light] : [] },
    ...(callsProposed ? [listCallProposer(situation)] : []),
    ...(contenders.some(({ judged }) => judged.candidate.origin === 'merge') ? listPartMakers(situation) : []),
  ];
}

function listCallProposer(situation: Situation): Played {
  const { tasks, light } = situation.models;
  return { roles: isNamed(situation, 'tests') ? ['tests'] : ['light'], models: [tasks.tests?.[0] ?? light] };
}

/** A merged program was planned, and its parts were written; of which kinds they were is not known here. */
function listPartMakers(situation: Situation): readonly Played[] {
  const { scope, models } = situation;
  const planner: Played = { roles: ['heavy'], models: [models.heavy] };
  if (PART_KINDS.some((kind) => isNamed(situation, kind))) return [planner];
  const { language } = scope.classification;
  return [
    planner,
    { roles: rolesFor(situation, [language]), models: (models.tasks[language] ?? models.workers).slice(0, 1) },
  ];
}

/** The role of the models that write: the narrowest task for which the settings name any, else that of the workers. */
function rolesFor(situation: Situation, tasks: readonly WorkerTask[]): readonly Role[] {
  const task = tasks.find((name) => isNamed(situation, name));
  return task ? [task] : ['workers', 'default'];
}

/** True when the settings name models for a task, present or not. */
function isNamed({ models }: Situation, task: WorkerTask): boolean {
  return models.tasks[task] !== undefined || models.missing.some(({ role }) => role === task);
}
