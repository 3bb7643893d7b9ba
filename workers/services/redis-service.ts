import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { REDIS_PORT, writeServerUrl } from '../../config/server-url.ts';
import { findCommand } from './find-command.ts';
import { howToInstall } from './how-to-install.ts';
import type { MemoryService, ServiceAccess } from './memory-service.ts';
import { writePrivateFile } from './private-file.ts';

const PROBE_DEADLINE_MS = 1000;

/** Redis: the hot tier. It holds copies only, so nothing of it is written to disk. */
export const REDIS_SERVICE: MemoryService = {
  name: 'redis',
  purpose: 'keeps what is hot',
  variable: 'REDIS_URL',
  usualPort: REDIS_PORT,
  hasPassword: true,
  keepsLogin: false,
  user: null,
  database: null,
  stopSignal: 'SIGTERM',
  urlOf: ({ redis }) => redis?.url ?? null,
  writeUrl: ({ host, port, password }) =>
    writeServerUrl('redis', { host, port, user: undefined, password: password ?? undefined, database: undefined }),
  async prepare({ dataFolder, environment }, access) {
    const executable = findCommand('redis-server', environment);
    if (executable === null) return howToInstall('redis-server', INSTALL);
    const configFile = join(dataFolder, 'redis.conf');
    writePrivateFile(configFile, formatConfig(dataFolder, access));
    return { executable, args: [configFile], environment, isServing: () => answersPing(access) };
  },
};

const INSTALL = {
  debian: 'sudo apt-get install redis-server',
  mac: 'brew install redis',
  other: 'There is none for this system; use compose.yaml, or REDIS_URL with one elsewhere.',
};

/** The password stands here and not among the arguments, which everyone on this machine can read. */
function formatConfig(dataFolder: string, { port, password }: ServiceAccess): string {
  const lines = {
    bind: '127.0.0.1',
    port: String(port),
    dir: JSON.stringify(dataFolder),
    daemonize: 'no',
    save: '""',
    appendonly: 'no',
    // Copies of 20 kB: 12,000 of them, and the least used go first.
    maxmemory: '256mb',
    'maxmemory-policy': 'allkeys-lru',
    ...(password === null ? {} : { requirepass: JSON.stringify(password) }),
  };
  return Object.entries(lines)
    .map(([name, value]) => `${name} ${value}\n`)
    .join('');
}

async function answersPing({ port, password }: ServiceAccess): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port });
  const signal = AbortSignal.timeout(PROBE_DEADLINE_MS);
  try {
    await once(socket, 'connect', { signal });
    socket.write(`${password === null ? '' : `AUTH ${password}\r\n`}PING\r\n`);
    let answer = '';
    while (!/PONG|^-/.test(answer)) answer += String((await once(socket, 'data', { signal }))[0]);
    return answer.includes('PONG');
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
