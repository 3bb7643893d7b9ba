import { SynthesisFailure } from '../domain/failure.ts';
import { fullModelName, sameModel } from '../domain/model-name.ts';
import type { NodeAddress, NodeSnapshot } from '../domain/node.ts';
import type { Embedder } from '../memory/entry-ports.ts';
import type { EmbedTexts } from '../models/embed-texts.ts';

export interface FleetEmbedderOptions {
  /** The embedding model of the settings. */
  readonly model: string;
  /** The hosts as they were last seen. */
  readonly snapshots: () => Promise<readonly NodeSnapshot[]>;
  /** How hosts are reached, tokens included. */
  readonly addresses: () => Promise<readonly NodeAddress[]>;
  readonly embedTexts: EmbedTexts;
}

/**
 * Embeds on the hosts that have the model: those that have it in memory first, then the idlest; the next one when one fails.
 * It waits for no turn: a text takes milliseconds, and Ollama runs models for embedding beside the others.
 */
export function createFleetEmbedder({ model, snapshots, addresses, embedTexts }: FleetEmbedderOptions): Embedder {
  const offer = async (): Promise<readonly NodeSnapshot[]> => offerHosts(await snapshots(), model);
  return {
    model: async () => ((await offer()).length > 0 ? fullModelName(model) : null),
    async embed(texts, signal) {
      if (texts.length === 0) return [];
      let failure = new SynthesisFailure('ModelMissing', `No host has the embedding model ${model}.`, { model });
      const reachable = await addresses();
      for (const { id } of await offer()) {
        signal.throwIfAborted();
        const address = reachable.find((one) => one.id === id);
        if (address === undefined) continue;
        try {
          return await embedTexts(address, model, texts, signal);
        } catch (error) {
          if (signal.aborted || !(error instanceof SynthesisFailure)) throw error;
          failure = error;
        }
      }
      throw failure;
    },
  };
}

/** The best host first; hosts that are to be left alone are left out. */
function offerHosts(snapshots: readonly NodeSnapshot[], model: string): readonly NodeSnapshot[] {
  const isResident = ({ residentModels }: NodeSnapshot): boolean =>
    residentModels.some(({ name }) => sameModel(name, model));
  const busyShare = ({ busySlots, slots }: NodeSnapshot): number => busySlots / Math.max(1, slots);
  return snapshots
    .filter(({ state, wanted }) => state === 'up' && wanted === 'active')
    .filter(({ models }) => models.some(({ name }) => sameModel(name, model)))
    .toSorted(
      (left, right) => Number(isResident(right)) - Number(isResident(left)) || busyShare(left) - busyShare(right),
    );
}
