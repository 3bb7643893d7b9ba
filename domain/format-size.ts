const MEGABYTE = 1024 ** 2;
const GIGABYTE = 1024 ** 3;

/** A number of bytes for people, such as `986 MB` or `4.7 GB`. */
export function formatSize(bytes: number): string {
  return bytes >= GIGABYTE / 10 ? `${(bytes / GIGABYTE).toFixed(1)} GB` : `${Math.ceil(bytes / MEGABYTE)} MB`;
}
