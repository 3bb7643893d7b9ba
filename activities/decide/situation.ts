import type { Sample } from '../../domain/candidate.ts';
import type { ProgramScope } from '../../domain/program-scope.ts';
import type { SynthesisRequest } from '../../domain/request.ts';
import type { Spent } from '../../domain/result.ts';
import type { ChosenModels } from '../choose-models.ts';
import type { Contender } from './select-candidate.ts';

/** Everything a decision is made from. Pure: the same situation gives the same decision. */
export interface Situation {
  readonly scope: ProgramScope;
  readonly request: SynthesisRequest;
  readonly models: ChosenModels;
  readonly contenders: readonly Contender[];
  /** Samples whose answer held no program. */
  readonly lost: readonly Sample[];
  readonly spent: Spent;
  readonly secondsUsed: number;
  readonly callsProposed: boolean;
  readonly mustSettle: boolean;
  /** Of all samples but the first, when the request names none. */
  readonly defaultTemperature: number;
}
