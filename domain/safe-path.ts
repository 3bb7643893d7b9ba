// Longer paths fail on common file systems.
const MAX_PATH_CHARACTERS = 255;
// No control characters, nothing that Windows reads as a drive, a stream or a separator.
const PLAIN_PATH = /^[^\\:\p{Cc}]+$/u;

/** True for a relative path with forward slashes that stays inside its folder, on every system. */
export function isSafePath(path: string): boolean {
  if (path.length > MAX_PATH_CHARACTERS || !PLAIN_PATH.test(path)) return false;
  return path.split('/').every((segment) => segment !== '' && segment !== '.' && segment !== '..');
}
