import { SynthesisFailure } from '../../domain/failure.ts';
import type { NodeAddress, NodeModel, ResidentModel } from '../../domain/node.ts';
import type { LanguageModel, ModelDetails } from '../../models/language-model.ts';
import { aResidentModel } from '../support/node-snapshots.ts';

/** How one host behaves when it is asked. */
export interface ScriptedHost {
  up: boolean;
  version: string;
  models: readonly NodeModel[];
  resident: readonly ResidentModel[];
  listFails: boolean;
  /** Says nothing to the question for its version, until the asker gives up. */
  silence: ((timeoutMs: number) => Promise<never>) | null;
  /** Holds back the answer about resident models, as a host does that loads one. */
  residentHeld: Promise<void> | null;
  /** What it says of each of its models; null: it does not answer that. */
  details: ModelDetails | null;
  readonly asked: { version: number; models: number; resident: number; details: number };
}

export function createHost(models: readonly string[] = ['coder'], resident: readonly string[] = []): ScriptedHost {
  return {
    up: true,
    version: '0.6.5',
    models: models.map((name) => model(name)),
    resident: resident.map((name) => aResidentModel(name)),
    listFails: false,
    silence: null,
    residentHeld: null,
    details: null,
    asked: { version: 0, models: 0, resident: 0, details: 0 },
  };
}

export function model(name: string, values: Partial<NodeModel> = {}): NodeModel {
  return { name, sizeBytes: 1e9, family: 'llama', parameterSize: '', ...values };
}

/** A language model port in front of scripted hosts, by URL; it answers all but generation. */
export function createScriptedHosts(hosts: Readonly<Record<string, ScriptedHost>>): LanguageModel {
  const hostOf = (node: NodeAddress): ScriptedHost => {
    const host = hosts[node.url];
    if (!host?.up) throw new SynthesisFailure('NodeUnavailable', `${node.url} refused the connection`);
    return host;
  };
  const notScripted = (): never => {
    throw new Error('not scripted');
  };
  return {
    generateText: async () => notScripted(),
    async showModel(node) {
      const host = hostOf(node);
      host.asked.details += 1;
      return host.details ?? notScripted();
    },
    async getVersion(node, timeoutMs) {
      const asked = hosts[node.url]?.asked;
      if (asked) asked.version += 1;
      await hosts[node.url]?.silence?.(timeoutMs);
      return hostOf(node).version;
    },
    async listModels(node) {
      const host = hostOf(node);
      host.asked.models += 1;
      if (host.listFails) throw new SynthesisFailure('NodeUnavailable', 'HTTP 500');
      return host.models;
    },
    async listResidentModels(node) {
      const host = hostOf(node);
      host.asked.resident += 1;
      const held = host.residentHeld;
      if (held) await held;
      return host.resident;
    },
  };
}
