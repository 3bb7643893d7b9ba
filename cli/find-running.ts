import type { WireHealth, WireNodeList } from '../api/wire-fleet.ts';
import type { WireMemoryStatus, WireTier } from '../api/wire-memory.ts';
import type { Settings } from '../config/settings.ts';
import { findService } from '../workers/service-record.ts';
import { createApiClient } from './api-client.ts';
import { callJson } from './call-api.ts';
import { toApiUrl } from './command-context.ts';
import { CommandError } from './exit-codes.ts';

/** A service that runs now, as it describes itself: its settings may be others than those of this shell. */
export interface RunningService {
  readonly apiUrl: string;
  /** Null when unknown, or when its Temporal has none. */
  readonly webUiUrl: string | null;
  readonly health: WireHealth;
  /** Empty when it cannot say, which its health explains. */
  readonly nodes: WireNodeList['nodes'];
  /** Of memory; empty when it cannot say, which its health explains. */
  readonly tiers: readonly WireTier[];
}

/** The service of this home, else whatever Hydra answers at the API address of the settings. */
export async function findRunning(settings: Settings): Promise<RunningService | undefined> {
  const record = await findService(settings.home);
  const apiUrl = record?.apiUrl ?? toApiUrl(settings);
  const client = createApiClient(apiUrl);
  const health = await client.findService();
  if (health === undefined) return undefined;
  const [{ nodes }, { tiers }] = await Promise.all([
    orUnknown(client.getNodes(), { nodes: [], removed: [] }),
    orUnknown(callJson<WireMemoryStatus>(apiUrl, '/memory/status'), { tiers: [] }),
  ]);
  return { apiUrl, webUiUrl: record?.webUiUrl ?? null, health, nodes, tiers };
}

/** An answer of the service, or what stands for it while it cannot answer, as without its record. */
async function orUnknown<Answer>(answer: Promise<Answer>, unknown: Answer): Promise<Answer> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof CommandError) return unknown;
    throw error;
  }
}
