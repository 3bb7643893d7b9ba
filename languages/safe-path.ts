/** Longest path accepted, below the 255 bytes that common file systems allow for one name. */
const MAX_PATH_LENGTH = 200;
/** Device names that Windows reserves with any extension. */
const RESERVED_NAME = /^(con|prn|aux|nul|com\d|lpt\d)(\..*)?$/i;
/** Printable characters that no common file system refuses. */
const SEGMENT = /^[\p{L}\p{N}_@$+\-()[\] .]+$/u;

/**
 * True for a path that stays inside the program's own folder on every platform.
 * Shape: relative, forward slashes, no `.` or `..` segment, no drive, no reserved name, no hidden top folder.
 */
export function isSafeRelativePath(path: string): boolean {
  if (path.length === 0 || path.length > MAX_PATH_LENGTH) return false;
  return path.split('/').every(isSafeSegment);
}

function isSafeSegment(segment: string): boolean {
  if (!SEGMENT.test(segment) || RESERVED_NAME.test(segment)) return false;
  return !segment.startsWith('.') && !/[. ]$/.test(segment) && !segment.startsWith(' ');
}
