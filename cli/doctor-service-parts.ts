import { describeModels, found } from './doctor-part.ts';
import type { DoctorPart, Finding } from './doctor-part.ts';
import { listServiceTiers } from './doctor-tier-parts.ts';
import type { RunningService } from './find-running.ts';

type ServiceNode = RunningService['nodes'][number];

/** What a running service says of the parts that it uses. */
export function listServiceParts({ nodes, health, tiers }: RunningService): readonly DoctorPart[] {
  return [
    healthPart(health, 'database', 'memory'),
    ...listServiceTiers(tiers),
    healthPart(health, 'temporal server', 'temporal'),
    ...nodes.map((node) => ({
      name: `node ${node.id}`,
      required: !isAnotherUp(nodes, node),
      check: async () => describeNode(node),
    })),
  ];
}

/** A host can be done without while another one works. */
function isAnotherUp(nodes: readonly ServiceNode[], node: ServiceNode): boolean {
  return nodes.some((other) => other !== node && other.state === 'up');
}

/** The service itself: healthy, or what of it is not. Optional parts speak for themselves. */
export function servicePart({ apiUrl, health }: RunningService): DoctorPart {
  const broken = health.parts
    .filter((part) => part.required && !part.healthy)
    .map((part) => `${part.name} (${part.detail})`);
  const finding: Finding =
    broken.length === 0
      ? found(`version ${health.version} at ${apiUrl}, healthy`)
      : { state: 'down', detail: `at ${apiUrl}, broken: ${broken.join(', ')}`, advice: 'See the parts above.' };
  return { name: 'service', required: false, check: async () => finding };
}

function healthPart(health: RunningService['health'], name: string, healthName: string): DoctorPart {
  const part = health.parts.find((one) => one.name === healthName);
  const detail = part?.detail ?? 'the service says nothing about it';
  const finding: Finding = part?.healthy
    ? found(detail)
    : { state: 'down', detail, advice: 'The logs under .hydra/logs say why.' };
  return { name, required: true, check: async () => finding };
}

function describeNode({ id, url, origin, state, version, problem, models }: ServiceNode): Finding {
  if (state === 'up')
    return describeModels(
      `${url}, version ${version ?? 'unknown'}`,
      models.map(({ name }) => name),
    );
  return {
    state: 'down',
    detail: `${url}: ${problem ?? 'not looked at yet'}`,
    advice:
      origin === 'settings'
        ? 'Start it (ollama serve), or correct HYDRA_NODES or OLLAMA_HOST and restart the service.'
        : `Start it (ollama serve), or do without it: hydra nodes remove ${id}`,
  };
}
