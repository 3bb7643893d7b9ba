import { fullModelName } from '../../domain/model-name.ts';
import { hashText } from '../content-hash.ts';
import type { VectorPlace } from '../entry-ports.ts';

/** What all collections of Hydra begin with; those of others on the same server are never touched. */
export const COLLECTION_PREFIX = 'hydra-';

/** Names of collections; the server allows letters, digits, dots and hyphens in them, and namespaces have a slash. */
export interface CollectionNames {
  /** What all collections of the model begin with. */
  readonly prefix: string;
  /** What the collections of a namespace and a kind begin with: one for each length of vectors. */
  prefixFor(place: Omit<VectorPlace, 'id'>): string;
  nameFor(place: Omit<VectorPlace, 'id'>, vectorLength: number): string;
  hasLength(name: string, vectorLength: number): boolean;
}

/** Of a hash: enough that no two models or namespaces share a name. */
const HASH_LENGTH = 24;

/** Names collections for one embedding model. */
export function nameCollections(model: string): CollectionNames {
  const prefix = `${COLLECTION_PREFIX}${shortHash(fullModelName(model))}-`;
  const prefixFor: CollectionNames['prefixFor'] = ({ namespace, kind }) =>
    `${prefix}${shortHash(`${namespace}\n${kind}`)}-`;
  return {
    prefix,
    prefixFor,
    nameFor: (place, vectorLength) => `${prefixFor(place)}${vectorLength}`,
    hasLength: (name, vectorLength) => name.endsWith(`-${vectorLength}`),
  };
}

function shortHash(text: string): string {
  return hashText(text).slice(0, HASH_LENGTH);
}
