import type { MemorySettings } from '../../config/settings.ts';

/** Servers that help memory, in the order in which they are listed. */
export const SERVICE_NAMES = ['redis', 'postgres', 'chroma'] as const;
export type ServiceName = (typeof SERVICE_NAMES)[number];

/** How a service is reached. Parts that a service does not have are null. */
export interface ServiceAccess {
  /** Loopback, as the settings write it. */
  readonly host: string;
  readonly port: number;
  readonly user: string | null;
  readonly password: string | null;
  readonly database: string | null;
}

/** Where a service keeps what is its own. */
export interface ServicePlace {
  /** Below `HYDRA_HOME`; there already. */
  readonly dataFolder: string;
  readonly environment: NodeJS.ProcessEnv;
}

/** How a process is started. */
export interface ServiceCommand {
  readonly executable: string;
  readonly args: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  /** Whom it runs as, where that is not us. */
  readonly user?: { readonly uid: number; readonly gid: number };
  readonly isServing: () => Promise<boolean>;
}

/** One kind of server: how it is found, set up, started and ended. */
export interface MemoryService {
  readonly name: ServiceName;
  /** What it does for memory, for people. */
  readonly purpose: string;
  /** The setting that names it. */
  readonly variable: 'REDIS_URL' | 'POSTGRES_URL' | 'CHROMA_URL';
  readonly usualPort: number;
  readonly hasPassword: boolean;
  /** True: user, password and database are part of its data and stay what they were when those were made. */
  readonly keepsLogin: boolean;
  /** Who a new one belongs to, and what is made in it. */
  readonly user: string | null;
  readonly database: string | null;
  /** Ends it in order, whoever is connected. */
  readonly stopSignal: NodeJS.Signals;
  urlOf(memory: MemorySettings): string | null;
  writeUrl(access: ServiceAccess): string;
  /**
   * Makes what is missing in its folder and says how it is started; a text where its program is missing: how to install it.
   * Errors: SynthesisFailure of type StoreUnavailable, which says what to do.
   */
  prepare(place: ServicePlace, access: ServiceAccess): Promise<ServiceCommand | string>;
}
