import type { EntryId } from '../domain/ids.ts';
import type { IndexedVector } from './entry-ports.ts';

/** Each entry once, in its highest version. */
export function newestOfEach(vectors: readonly IndexedVector[]): readonly IndexedVector[] {
  const newest = new Map<EntryId, IndexedVector>();
  for (const vector of vectors) {
    if (vector.version > (newest.get(vector.id)?.version ?? 0)) newest.set(vector.id, vector);
  }
  return [...newest.values()];
}

/** The items in groups of one key, in the order in which the keys first come. */
export function groupBy<Item, Key>(
  items: readonly Item[],
  keyOf: (item: Item) => Key,
): ReadonlyMap<Key, readonly Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}
