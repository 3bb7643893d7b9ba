/** Longest path accepted: with a folder before it, it stays below the 260 characters that Windows allows. */
const MAX_PATH_CHARACTERS = 200;
/** Device names that Windows reserves with any extension. */
const RESERVED_NAME = /^(con|prn|aux|nul|com\d|lpt\d)(\..*)?$/iu;
/** Printable characters that no common file system and no shell reads as anything else. */
const SEGMENT = /^[\p{L}\p{M}\p{N}_@$+\-()[\]{},=# .]+$/u;

/**
 * True for a path that stays inside its folder and is harmless there, on every system: what a model or a caller names is
 * written into folders of people's own.
 * Shape: relative, forward slashes, no drive, no reserved name, nothing hidden (`.git/hooks`, `.npmrc`), no `..`.
 */
export function isSafePath(path: string): boolean {
  return path.length <= MAX_PATH_CHARACTERS && path.split('/').every(isSafeSegment);
}

function isSafeSegment(segment: string): boolean {
  if (!SEGMENT.test(segment) || RESERVED_NAME.test(segment)) return false;
  return !segment.startsWith('.') && !segment.startsWith(' ') && !/[. ]$/u.test(segment);
}
