import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { findFreePort } from '../../bench-temporal.ts';
import type { HostProcess } from '../over-http/host-process.ts';
import { askOllama } from './ask-ollama.ts';
import type { FoundPeer, Peer } from './peer.ts';
import { runCommand } from './run-command.ts';
import { startServer } from './start-server.ts';

const MODULE = 'github.com/thushan/olla';
/** The version that its documentation was read at. */
const VERSION = 'v0.0.29';
const BUILD_LIMIT_MS = 900_000;

/** Builds Olla from its Go module into the cache folder, unless it is there. */
export async function findOlla(cache: string): Promise<FoundPeer> {
  const folder = join(cache, 'peers', `olla-${VERSION}`);
  const command = join(folder, 'olla');
  try {
    if (!existsSync(command)) {
      await runCommand('go', ['install', `${MODULE}@${VERSION}`], {
        env: { GOBIN: folder },
        timeoutMs: BUILD_LIMIT_MS,
      });
    }
    return { kind: 'found', peers: [createPeer(command)] };
  } catch (error) {
    return { kind: 'skipped', name: `Olla ${VERSION}`, reason: error instanceof Error ? error.message : String(error) };
  }
}

function createPeer(command: string): Peer {
  return {
    name: 'Olla least-connections',
    version: VERSION,
    configuration:
      'one static endpoint of type `ollama` for each host with equal priority, `load_balancer: least-connections`, ' +
      '`engine: olla`, model discovery on, checks every 2 s as in its example for Ollama, no rate limits',
    async start(hosts, folder) {
      const port = await findFreePort();
      const config = join(folder, 'olla.yaml');
      await writeFile(config, stringify(createConfig(hosts, port)));
      const url = `http://127.0.0.1:${port}`;
      const stop = await startServer({
        command,
        args: ['--config', config],
        env: {},
        folder,
        logFile: join(folder, 'olla.log'),
        healthUrl: `${url}/internal/health`,
      });
      return { ask: (call) => askOllama(`${url}/olla/ollama`, call), stop };
    },
  };
}

/** Source: its documentation, "Ollama Integration" and "Load Balancing": least-connections for mixed work and streaming. */
function createConfig(hosts: readonly HostProcess[], port: number): unknown {
  const endpoints = hosts.map(({ host, url }) => ({
    url,
    name: host.id,
    type: 'ollama',
    priority: 100,
    model_url: '/api/tags',
    health_check_url: '/',
    check_interval: '2s',
    check_timeout: '1s',
  }));
  return {
    server: { host: '127.0.0.1', port, rate_limits: { global_requests_per_minute: 0, per_ip_requests_per_minute: 0 } },
    proxy: { engine: 'olla', profile: 'auto', load_balancer: 'least-connections', response_timeout: '600s' },
    discovery: { type: 'static', static: { endpoints }, model_discovery: { enabled: true } },
    model_registry: { type: 'memory', enable_unifier: true },
  };
}
