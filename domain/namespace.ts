/** Who asks, where the caller does not say. */
export const DEFAULT_NAMESPACE = 'default';

const WORD = '[a-z0-9][a-z0-9._-]{0,63}';

/** The caller's project or user: a word such as `research`, or two of them joined, such as `research/mona`. */
export const NAMESPACE = new RegExp(`^${WORD}(?:/${WORD})?$`);

/** The rule in words, behind "must be". */
export const NAMESPACE_RULE =
  '1 to 64 lower-case letters, digits, ".", "_" or "-", the first a letter or digit; or two such words joined by "/"';
