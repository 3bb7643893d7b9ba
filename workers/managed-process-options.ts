import type { FailureType } from '../domain/failure.ts';
import type { NeededPort } from './port-holder.ts';

/** A server that runs as a process beside us. */
export interface ManagedProcessOptions {
  /** For people and file names, such as `temporal`. */
  readonly name: string;
  readonly executable: string;
  readonly args: readonly string[];
  /** Its whole environment. */
  readonly environment: NodeJS.ProcessEnv;
  /** Whom it runs as, where that is not us. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** Folder of state: holds the record `<name>.json`. */
  readonly folder: string;
  readonly logFile: string;
  readonly ports: readonly NeededPort[];
  /** True once it answers as it should; false, never an error, before. */
  readonly isServing: () => Promise<boolean>;
  /** Type of the failure when it does not start. */
  readonly failureType: FailureType;
  /** Told in a sentence what happens to it: adopted, ended by itself, started again. */
  readonly report: (sentence: string) => void;
  /** Aborted while it is being started: it is ended again. */
  readonly signal: AbortSignal;
}

/**
 * `started`: by us. `adopted`: left behind by a Hydra that is gone, ours from now on.
 * `shared`: a living Hydra looks after it; we only use it.
 */
export type ProcessRelation = 'started' | 'adopted' | 'shared';
