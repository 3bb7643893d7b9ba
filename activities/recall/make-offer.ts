import type { OfferedEntry, Offer } from '../../domain/offer.ts';
import type { EntryQuery, FoundEntry } from '../../memory/entry-ports.ts';
import { estimateTokens } from '../build-prompt.ts';
import type { RememberingDependencies } from '../dependencies.ts';
import { describeOffered } from '../prompts/offered-entries.ts';
import { putJson } from '../stored-json.ts';
import { isSimilar } from './is-similar.ts';
import { searchInTime } from './search-in-time.ts';

/** Nobody is shown more than a few; the others are there to be sorted out. */
const CANDIDATES = 20;
/** A request may be a whole book; its beginning says what it is about. */
const SEARCHED_CHARACTERS = 2_000;

export interface OfferQuery extends Pick<EntryQuery, 'namespace' | 'kinds' | 'text'> {
  /** What an entry must be beside similar. */
  readonly fits: (entry: OfferedEntry) => boolean;
  /** Of the prompt text that the entries make. */
  readonly tokens: number;
}

export const NO_OFFER: Offer = { offeredHash: null, note: null };

/** Searches memory and stores what it offers, the most similar first, as far as it stays within the tokens. */
export async function makeOffer(deps: RememberingDependencies, query: OfferQuery): Promise<Offer> {
  const { namespace, kinds, fits, tokens } = query;
  const text = query.text.slice(0, SEARCHED_CHARACTERS);
  const outcome = await searchInTime(deps.entries, { namespace, kinds, text, mode: 'hybrid', limit: CANDIDATES });
  if ('problem' in outcome)
    return { offeredHash: null, note: `Similar work was not looked up in memory: ${outcome.problem}` };
  const similar = outcome.found.filter((found) => isSimilar(text, found)).flatMap(toOffered);
  const chosen = takeWithin(tokens, similar.filter(fits));
  if (chosen.length === 0) return NO_OFFER;
  return { offeredHash: await putJson(deps.memory.artifacts, chosen), note: describe(chosen) };
}

function toOffered({ entry: { id, runId, value } }: FoundEntry): readonly OfferedEntry[] {
  return value.kind === 'work' || value.kind === 'lesson' ? [{ id, runId, value }] : [];
}

/** What is too long is passed over whole: a model copies the gap out of code that was cut. */
function takeWithin(tokens: number, entries: readonly OfferedEntry[]): readonly OfferedEntry[] {
  let taken: readonly OfferedEntry[] = [];
  for (const entry of entries) {
    const more = [...taken, entry];
    const content = describeOffered(more, 'with code');
    if (estimateTokens([{ role: 'user', content }]) <= tokens) taken = more;
  }
  return taken;
}

function describe(entries: readonly OfferedEntry[]): string {
  const names = entries.map(({ id, runId, value }) => `${value.kind} ${id} of run ${runId}`);
  return `Offered to the models as context, from memory: ${names.join(', ')}. The answer was made anew.`;
}
