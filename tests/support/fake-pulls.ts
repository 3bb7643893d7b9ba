import { SynthesisFailure } from '../../domain/failure.ts';
import type { NodeId } from '../../domain/ids.ts';
import { fullModelName } from '../../domain/model-name.ts';
import { waitingPull, type ModelPull } from '../../domain/model-pull.ts';
import type { PullGateway } from '../../api/pull-gateway.ts';

/** Pulls nothing: a pull is open until a test changes it. */
export interface FakePulls extends PullGateway {
  /** True: every call fails as it does without a Temporal server. */
  down: boolean;
  change(model: string, change: Partial<ModelPull>): void;
}

export function createFakePulls(): FakePulls {
  const pulls = new Map<string, ModelPull>();
  const requireUp = (): void => {
    if (gateway.down) throw new SynthesisFailure('TemporalUnavailable', 'The Temporal server cannot be reached.');
  };
  const gateway: FakePulls = {
    down: false,
    async start(model, nodes: readonly NodeId[]) {
      requireUp();
      const open = pulls.get(fullModelName(model));
      const joins = open?.status === 'running';
      const before = joins ? open.nodes : [];
      pulls.set(fullModelName(model), {
        model,
        nodes: [...before, ...nodes.map(waitingPull)],
        status: 'running',
        startedAt: '2026-01-01T00:00:00.000Z',
        endedAt: null,
      });
      return joins ? 'joined' : 'started';
    },
    async find(model) {
      requireUp();
      return pulls.get(fullModelName(model));
    },
    async list() {
      requireUp();
      return [...pulls.values()];
    },
    async cancel(model) {
      requireUp();
      return pulls.has(fullModelName(model));
    },
    change(model, change) {
      const pull = pulls.get(fullModelName(model));
      if (pull) pulls.set(fullModelName(model), { ...pull, ...change });
    },
  };
  return gateway;
}
