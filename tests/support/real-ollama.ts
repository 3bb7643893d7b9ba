import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { findFreePort } from './free-port.ts';
import { startRealServer, type RealServer } from './real-server.ts';

/** Starts an Ollama on a free port, with a copy of the models, so that a test may delete and create some. */
export async function startRealOllama(
  program: string,
  modelsFolder: string,
  folder: string,
): Promise<RealServer & { readonly url: string }> {
  const models = join(folder, 'ollama-models');
  await cp(modelsFolder, models, { recursive: true });
  const url = `http://127.0.0.1:${await findFreePort()}`;
  const server = await startRealServer({
    program,
    args: ['serve'],
    env: { OLLAMA_HOST: url, OLLAMA_MODELS: models, OLLAMA_NOPRUNE: '1' },
    isReady: () => answers(url),
  });
  return { ...server, url };
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/api/version`)).ok;
  } catch {
    return false;
  }
}
