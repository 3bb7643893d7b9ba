import { fullModelName } from '../../domain/model-name.ts';
import { hashText } from '../content-hash.ts';
import type { VectorPlace } from '../entry-ports.ts';

/** What all collections of every Hydra begin with. */
const COLLECTION_PREFIX = 'hydra-';

/**
 * Names of collections; the server allows letters, digits, dots and hyphens in them, and namespaces have a slash. Older servers
 * allow 63 characters.
 */
export interface CollectionNames {
  /** What all collections of the record begin with; those of others on the same server are never touched. */
  readonly ownPrefix: string;
  /** What those of the model begin with. */
  readonly prefix: string;
  /** What the collections of a namespace and a kind begin with: one for each length of vectors. */
  prefixFor(place: Omit<VectorPlace, 'id'>): string;
  nameFor(place: Omit<VectorPlace, 'id'>, vectorLength: number): string;
  hasLength(name: string, vectorLength: number): boolean;
}

/** Of a hash: 64 bits are enough that no two records, models or namespaces share a name. */
const HASH_LENGTH = 16;

/** Names collections for one record and one embedding model. */
export function nameCollections(identity: string, model: string): CollectionNames {
  const ownPrefix = `${COLLECTION_PREFIX}${shortHash(identity)}-`;
  const prefix = `${ownPrefix}${shortHash(fullModelName(model))}-`;
  const prefixFor: CollectionNames['prefixFor'] = ({ namespace, kind }) =>
    `${prefix}${shortHash(`${namespace}\n${kind}`)}-`;
  return {
    ownPrefix,
    prefix,
    prefixFor,
    nameFor: (place, vectorLength) => `${prefixFor(place)}${vectorLength}`,
    hasLength: (name, vectorLength) => name.endsWith(`-${vectorLength}`),
  };
}

function shortHash(text: string): string {
  return hashText(text).slice(0, HASH_LENGTH);
}
