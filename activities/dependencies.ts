import type { Settings } from '../config/settings.ts';
import type { NodeId } from '../domain/ids.ts';
import type { NodeAddress, NodeSnapshot } from '../domain/node.ts';
import type { Preloader } from '../fleet/scheduling/preloader.ts';
import type { Scheduler } from '../fleet/scheduler-port.ts';
import type { StaticTools } from '../languages/static-tools.ts';
import type { EntryMemory } from '../memory/entry-ports.ts';
import type { EventWriter } from '../memory/event-writer.ts';
import type { Memory } from '../memory/ports.ts';
import type { LanguageModel } from '../models/language-model.ts';
import type { PullModel } from '../models/pull-model.ts';
import type { ProgramRunner } from '../sandbox/program-runner.ts';

/** What every activity may use. */
export interface StoreDependencies {
  readonly memory: Memory;
  readonly events: EventWriter;
  readonly settings: Settings;
  /** Hash of the prompt files: an answer made with other prompts is another answer. */
  readonly promptsVersion: string;
}

/** What steps use that remember over runs. */
export interface RememberingDependencies extends StoreDependencies {
  readonly entries: EntryMemory;
}

/** What the quick steps beside the workflows use. */
export interface ControlDependencies extends RememberingDependencies {
  /** The scheduler, while this process looks after the fleet. */
  readonly schedulerHere: () => Scheduler | null;
}

/** What the fleet owner's activities use beside the stores. */
export interface FleetDependencies extends StoreDependencies {
  readonly languageModel: LanguageModel;
  readonly scheduler: Scheduler;
  readonly nodeAddress: (id: NodeId) => NodeAddress | undefined;
  readonly preloader: Pick<Preloader, 'preload'>;
  /** What is known of the hosts now. */
  readonly nodes: () => readonly NodeSnapshot[];
}

/** What bringing models to hosts uses. */
export interface PullDependencies extends Pick<FleetDependencies, 'settings' | 'nodeAddress'> {
  readonly pullModel: PullModel;
  /** Looks at a host and what it has at once. */
  readonly refreshNode: (id: NodeId) => Promise<void>;
}

export interface VerifyDependencies extends Pick<StoreDependencies, 'memory' | 'events' | 'settings'> {
  /** Null when nothing here can run untrusted code; `noRunnerReason` then says why. */
  readonly runner: ProgramRunner | null;
  readonly noRunnerReason: string;
  readonly tools: StaticTools;
}
