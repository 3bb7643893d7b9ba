import type { NodeId } from '../domain/ids.ts';
import type { ModelPull } from '../domain/model-pull.ts';

/**
 * Where models are pulled, durably. There is one pull of a model at a time.
 * Errors: SynthesisFailure of type TemporalUnavailable when it cannot be reached within seconds.
 */
export interface PullGateway {
  /** `joined`: the model is being pulled already, and these hosts are pulled on as well. */
  start(model: string, nodes: readonly NodeId[]): Promise<'started' | 'joined'>;
  /** The last pull of the model; undefined when nothing is known of one. */
  find(model: string): Promise<ModelPull | undefined>;
  /** The last pull of each model, newest first, as far back as they are kept. */
  list(): Promise<readonly ModelPull[]>;
  /** Asks the pull to stop; false when nothing is known of it. Asking a pull that has ended changes nothing. */
  cancel(model: string): Promise<boolean>;
}
