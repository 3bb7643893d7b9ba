import type { NodeAddress } from '../domain/node.ts';
import { buildMemory } from './memory-settings.ts';
import type { SettingValues } from './setting-definitions.ts';
import type { Settings } from './settings.ts';

/** Puts read values into the shape in which the rest of Hydra takes them. */
export function buildSettings(
  values: SettingValues,
  nodes: readonly NodeAddress[],
  temporal: Settings['temporal'],
): Settings {
  return {
    home: values.home,
    cache: values.cache,
    programs: buildPrograms(values),
    api: {
      host: values.apiHost,
      port: values.apiPort,
      allowedHosts: values.allowedHosts,
      maxBodyBytes: values.maxBodyBytes,
      maxPromptCharacters: values.maxPromptCharacters,
      maxOpenRuns: values.maxOpenRuns,
    },
    ...(values.metricsPort === undefined ? {} : { metricsPort: values.metricsPort }),
    temporal,
    models: {
      light: values.lightModel,
      heavy: values.heavyModel,
      workers: values.workerModels,
      default: values.defaultModel,
      tasks: values.taskModels,
    },
    fallbackModels: values.fallbackModels,
    nodes,
    nodeSlots: values.nodeSlots,
    vramMonitoring: values.vramMonitoring,
    discovery: {
      enabled: values.discoveryEnabled,
      ports: values.discoveryPorts,
      timeoutMs: values.discoveryTimeout,
      intervalMs: values.discoveryInterval,
    },
    defaults: { temperature: values.temperature, maxTokens: values.maxTokens, limits: buildLimits(values) },
    contextTokens: values.contextTokens,
    timeouts: buildTimeouts(values),
    sandbox: {
      runner: values.sandboxRunner,
      wallClockMs: values.sandboxSeconds,
      memoryBytes: values.sandboxMemory,
    },
    memory: buildMemory(values),
    logLevel: values.logLevel,
  };
}

function buildPrograms({ temporalCli, ollamaCommand, releasesUrl }: SettingValues): NonNullable<Settings['programs']> {
  return {
    ...(temporalCli === undefined ? {} : { temporalCli }),
    ...(ollamaCommand === undefined ? {} : { ollama: ollamaCommand }),
    ...(releasesUrl === undefined ? {} : { releasesUrl }),
  };
}

function buildLimits(values: SettingValues): Settings['defaults']['limits'] {
  return {
    modelCalls: values.limitModelCalls,
    tokens: values.limitTokens,
    minutes: values.limitMinutes,
    parts: values.limitParts,
    repairRounds: values.limitRepairRounds,
  };
}

function buildTimeouts(values: SettingValues): Settings['timeouts'] {
  return {
    firstTokenMs: values.firstTokenTimeout,
    idleMs: values.idleTimeout,
    totalMs: values.callTimeout,
    maxWaitForNodeMs: values.nodeWait,
    heartbeatMs: values.heartbeatTimeout,
    scheduleToStartMs: values.pickupTimeout,
    probeIntervalMs: values.probeInterval,
    probeTimeoutMs: values.probeTimeout,
    shutdownGraceMs: values.shutdownGrace,
  };
}
