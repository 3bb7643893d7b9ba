import { ChromaClient } from 'chromadb';
import { SynthesisFailure } from '../../domain/failure.ts';
import { toChromaFailure } from './chroma-failure.ts';

/** Calls to one Chroma server. */
export interface ChromaConnection {
  /** Does one thing with the server; whatever it asks ends when the signal does. `action` names it in failures. */
  readonly perform: <T>(action: string, signal: AbortSignal, work: (client: ChromaClient) => Promise<T>) => Promise<T>;
}

/** The ports of `http` and `https`, which an address leaves out. */
const USUAL_PORTS = { http: 80, https: 443 };

/**
 * Connects to the server at an address such as `http://localhost:8000`; a name and a password in it are sent as they are meant.
 * Nothing is asked yet. The client takes a signal only when it is made, so that each call has a client of its own: it is an
 * object without a connection of its own, and `fetch` keeps connections for all.
 */
export function connectChroma(address: string): ChromaConnection {
  const { hostname, port, protocol, username, password, host, pathname } = new URL(address);
  if (pathname !== '/') {
    throw new SynthesisFailure('RequestRejected', 'The address of Chroma must not have a path.', { host, pathname });
  }
  const ssl = protocol === 'https:';
  const server = {
    ssl,
    host: hostname,
    port: port === '' ? USUAL_PORTS[ssl ? 'https' : 'http'] : Number(port),
    ...(username === '' && password === '' ? {} : { headers: { authorization: basicLogin(username, password) } }),
    // What a server of one's own has; without them the client would look into variables of the environment.
    tenant: 'default_tenant',
    database: 'default_database',
  };
  return {
    async perform(action, signal, work) {
      try {
        signal.throwIfAborted();
        return await work(new ChromaClient({ ...server, fetchOptions: { signal } }));
      } catch (error) {
        throw toChromaFailure(error, action, host, signal);
      }
    },
  };
}

function basicLogin(username: string, password: string): string {
  const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(login).toString('base64')}`;
}
