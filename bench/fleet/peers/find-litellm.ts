import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { findFreePort } from '../../bench-temporal.ts';
import { CONTEXT_TOKENS } from '../over-http/context-tokens.ts';
import type { HostProcess } from '../over-http/host-process.ts';
import { askOpenai } from './ask-openai.ts';
import type { FoundPeer, Peer } from './peer.ts';
import { runCommand } from './run-command.ts';
import { startServer } from './start-server.ts';

/** The version that the bench was written with. */
const VERSION = '1.106.2';
/** 200 MB of wheels over a slow line. */
const INSTALL_LIMIT_MS = 900_000;
const QUICK_LIMIT_MS = 120_000;
/** What its documentation uses in its examples of retries; a retry may take another deployment. */
const RETRIES = 3;

/** It must not look for anything beyond this machine. */
const ENVIRONMENT = {
  LITELLM_LOCAL_MODEL_COST_MAP: 'True',
  LITELLM_TELEMETRY: 'False',
  DISABLE_ADMIN_UI: 'True',
  LITELLM_LOG: 'ERROR',
};

type Strategy = 'simple-shuffle' | 'least-busy';

/** Installs LiteLLM's proxy from PyPI into the cache folder, unless it is there. */
export async function findLitellm(cache: string): Promise<FoundPeer> {
  const folder = join(cache, 'peers', `litellm-${VERSION}`);
  const command = join(folder, 'bin', 'litellm');
  try {
    if (!existsSync(command)) await install(folder);
    const python = join(folder, 'bin', 'python');
    const version = await runCommand(python, ['-c', READ_VERSION], { timeoutMs: QUICK_LIMIT_MS });
    return {
      kind: 'found',
      peers: [createPeer(command, version, 'simple-shuffle'), createPeer(command, version, 'least-busy')],
    };
  } catch (error) {
    return { kind: 'skipped', name: 'LiteLLM', reason: error instanceof Error ? error.message : String(error) };
  }
}

const READ_VERSION = "import importlib.metadata as m; print(m.version('litellm'))";

async function install(folder: string): Promise<void> {
  await runCommand('python3', ['-m', 'venv', folder], { timeoutMs: QUICK_LIMIT_MS });
  const pip = join(folder, 'bin', 'pip');
  await runCommand(pip, ['install', '--quiet', `litellm[proxy]==${VERSION}`], { timeoutMs: INSTALL_LIMIT_MS });
}

function createPeer(command: string, version: string, strategy: Strategy): Peer {
  return {
    name: `LiteLLM ${strategy}`,
    version,
    configuration: describeConfiguration(strategy),
    async start(hosts, folder) {
      const port = await findFreePort();
      const config = join(folder, 'litellm.yaml');
      await writeFile(config, stringify(createConfig(hosts, strategy)));
      const url = `http://127.0.0.1:${port}`;
      // It does not start without one.
      const key = `sk-${randomBytes(24).toString('hex')}`;
      const stop = await startServer({
        command,
        args: ['--config', config, '--host', '127.0.0.1', '--port', String(port)],
        env: { ...ENVIRONMENT, LITELLM_MASTER_KEY: key },
        folder,
        logFile: join(folder, 'litellm.log'),
        healthUrl: `${url}/health/liveliness`,
      });
      return { ask: (call) => askOpenai({ url, key }, call), stop };
    },
  };
}

function describeConfiguration(strategy: Strategy): string {
  const weights = strategy === 'simple-shuffle' ? ', weighted by the real speed of the host, which it is told' : '';
  return (
    `one deployment for each host and model (\`ollama_chat/…\`, num_ctx ${CONTEXT_TOKENS}), ` +
    `\`routing_strategy: ${strategy}\`${weights}, \`num_retries: ${RETRIES}\`; cooldown and all else as delivered; one worker`
  );
}

/** Source: its documentation, "Proxy - Load Balancing": one deployment per server, `simple-shuffle` recommended, weights where servers differ. */
function createConfig(hosts: readonly HostProcess[], strategy: Strategy): unknown {
  const deployments = hosts.flatMap(({ host, url }) =>
    Object.entries(host.speeds).map(([model, speed]) => ({
      model_name: model,
      litellm_params: {
        model: `ollama_chat/${model}`,
        api_base: url,
        num_ctx: CONTEXT_TOKENS,
        ...(strategy === 'simple-shuffle' ? { weight: Math.round(speed.completionTokensPerSecond * host.slots) } : {}),
      },
    })),
  );
  return {
    model_list: deployments,
    router_settings: { routing_strategy: strategy, num_retries: RETRIES },
    litellm_settings: { drop_params: true },
  };
}
