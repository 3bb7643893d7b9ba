import type { TierStatus } from '../memory/entry-ports.ts';

type TierName = TierStatus['name'];

/** The settings that name a tier; the one in SQLite has none. */
const SETTINGS: Readonly<Record<TierName, string>> = {
  redis: 'REDIS_URL or REDIS_HOST',
  postgres: 'POSTGRES_URL or POSTGRES_HOST',
  chroma: 'CHROMA_URL',
  sqlite: 'HYDRA_HOME',
  'sqlite-vectors': 'HYDRA_HOME',
};

/** What is done without a copy that is down. */
const MEANWHILE: Readonly<Record<TierName, string>> = {
  redis: 'The record answers meanwhile.',
  postgres: 'What changes is kept for it meanwhile.',
  // What is searched instead is part of what it says of itself.
  chroma: '',
  sqlite: '',
  'sqlite-vectors': '',
};

/** What to do about a tier that is down. */
export function adviseTier({ name, isRecord }: Pick<TierStatus, 'name' | 'isRecord'>): string {
  if (isRecord) {
    return name === 'sqlite'
      ? 'The logs under .hydra/logs say why; nothing works without it.'
      : `Start it, or correct ${SETTINGS[name]}; nothing works without it.`;
  }
  const todo =
    name === 'sqlite-vectors' ? 'The logs under .hydra/logs say why.' : `Start it, or correct ${SETTINGS[name]}.`;
  return `${todo} ${MEANWHILE[name]}`.trimEnd();
}

/** What is less than it could be of a tier that is up; empty when nothing is. */
export function describeUpTier({ name, detail }: Pick<TierStatus, 'name' | 'detail'>): string {
  // It is listed only where no Chroma is.
  const better = name === 'sqlite-vectors' ? `A Chroma server would be named by ${SETTINGS.chroma}.` : '';
  return joinSentences(detail, better);
}

/** Why a tier is off, and what would switch it on. */
export function describeOffTier({ name, detail }: Pick<TierStatus, 'name' | 'detail'>): string {
  if (detail !== '') return detail;
  return name === 'sqlite' || name === 'sqlite-vectors' ? 'Not in use.' : `It would be named by ${SETTINGS[name]}.`;
}

/** What there is of these as sentences, one behind the other. */
export function joinSentences(...texts: readonly string[]): string {
  return texts
    .filter((text) => text !== '')
    .map((text) => text.replace(/\.?$/, '.'))
    .join(' ');
}
