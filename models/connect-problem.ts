/** Code of the error with which an address is refused before anything is sent to it. */
export const ADDRESS_REFUSED = 'HYDRA_ADDRESS_REFUSED';

const UNTRUSTED = 'its certificate is signed by nobody who is trusted here; name the authority as tls.ca_file';
const NOT_TLS = 'it does not speak TLS; is its URL http://?';

/** What the codes of Node.js and OpenSSL mean for whoever has to put it right. */
const MEANINGS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  EHOSTUNREACH: 'there is no way to it',
  ENETUNREACH: 'there is no way to its network',
  EADDRNOTAVAIL: 'there is no way to its address',
  ENOTFOUND: 'its name is not known',
  EAI_AGAIN: 'its name could not be looked up',
  ETIMEDOUT: 'it does not answer',
  UND_ERR_CONNECT_TIMEOUT: 'it does not answer',
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  ERR_SSL_WRONG_VERSION_NUMBER: NOT_TLS,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: NOT_TLS,
  EPROTO: NOT_TLS,
};

/** Says why no connection came about; null: the error is about something else, such as a connection that broke. */
export function describeConnectProblem(error: unknown): string | null {
  const coded = findCoded(error);
  if (coded === null) return null;
  const { code, message } = coded;
  if (code === ADDRESS_REFUSED) return message;
  const meaning = MEANINGS[code] ?? (/^(ERR_SSL_|ERR_TLS_|CERT_)/.test(code) ? 'TLS failed' : undefined);
  return meaning === undefined ? null : `${meaning} (${code})`;
}

/** The first error with a code: `fetch` hides the reason in a chain of causes. */
export function findCoded(error: unknown): (Error & { readonly code: string }) | null {
  for (let current = error; current instanceof Error; current = current.cause) {
    if (hasCode(current)) return current;
  }
  return null;
}

function hasCode(error: Error): error is Error & { readonly code: string } {
  return 'code' in error && typeof error.code === 'string';
}
