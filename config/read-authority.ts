import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { accepted, folderPath, refused, type Parsed } from './parse-values.ts';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** Reads the certificates of an authority, as PEM text. */
export function readAuthority(path: string, folder: string): Parsed<string> {
  const found = folderPath(path, folder);
  if (!found.ok) return found;
  try {
    const certificates = readFileSync(found.value, 'utf8').match(CERTIFICATE) ?? [];
    if (certificates.length === 0) return refused('a file with a certificate in PEM form (BEGIN CERTIFICATE)');
    // Read and written anew: a broken one throws.
    return accepted(certificates.map((text) => new X509Certificate(text).toString()).join(''));
  } catch (error) {
    return refused(`a readable file with sound certificates (${String(error)})`);
  }
}
