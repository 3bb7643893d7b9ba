import type { NodeId } from '../../domain/ids.ts';
import { fullModelName, sameModel } from '../../domain/model-name.ts';
import type { NodeAddress } from '../../domain/node.ts';
import type { LoadModel } from '../../models/load-model.ts';
import type { Scheduler } from '../scheduler-port.ts';

export interface PreloaderOptions {
  readonly scheduler: Pick<Scheduler, 'hostToPreload'>;
  readonly nodeAddress: (id: NodeId) => NodeAddress | undefined;
  readonly loadModel: LoadModel;
  /** Looks at what a host has in memory. */
  readonly refresh: (id: NodeId) => Promise<void>;
}

/**
 * Brings models into the memory of idle hosts before they are called. Best effort: nothing waits for it and nothing fails by it.
 * Invariants: 1. a host loads one model ahead at a time, and a model is loaded ahead on one host at a time.
 * 2. A call of another model on the host ends the load.
 */
export interface Preloader {
  /** Loads the model where it pays, until the signal. */
  preload(model: string, contextTokens: number, signal: AbortSignal): Promise<void>;
  /** A call of the model was granted there. */
  noteGrant(nodeId: NodeId, model: string): void;
  /** Ends what is being loaded. */
  stop(): Promise<void>;
}

interface Load {
  readonly model: string;
  readonly stop: AbortController;
}

export function createPreloader({ scheduler, nodeAddress, loadModel, refresh }: PreloaderOptions): Preloader {
  const loads = new Map<NodeId, Load>();
  return {
    async preload(model, contextTokens, signal) {
      if ([...loads.values()].some((load) => sameModel(load.model, model))) return;
      const nodeId = scheduler.hostToPreload(model, contextTokens);
      const node = nodeId === null || loads.has(nodeId) ? undefined : nodeAddress(nodeId);
      if (!node) return;
      const stop = new AbortController();
      loads.set(node.id, { model: fullModelName(model), stop });
      try {
        await loadModel(node, model, contextTokens, AbortSignal.any([stop.signal, signal]));
        await refresh(node.id);
      } catch {
        // The call that needs the model will meet the same trouble, and say so.
      } finally {
        loads.delete(node.id);
      }
    },
    noteGrant(nodeId, model) {
      const load = loads.get(nodeId);
      if (load && !sameModel(load.model, model)) load.stop.abort();
    },
    async stop() {
      for (const load of loads.values()) load.stop.abort();
    },
  };
}
