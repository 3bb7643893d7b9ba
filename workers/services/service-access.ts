import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { z } from 'zod';
import { SynthesisFailure } from '../../domain/failure.ts';
import { readServerUrl } from '../../config/server-url.ts';
import type { MemorySettings } from '../../config/settings.ts';
import { findTakenPorts } from '../port-holder.ts';
import type { MemoryService, ServiceAccess } from './memory-service.ts';
import { readTextFile, writePrivateFile } from './private-file.ts';

const accessSchema = z.object({
  host: z.string(),
  port: z.int().min(1).max(65_535),
  user: z.string().nullable(),
  password: z.string().nullable(),
  database: z.string().nullable(),
});

/** Of addresses that name none. */
const WEB_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

/** Letters that need no quoting in a URL, a shell or `.env`. */
const PASSWORD_BYTES = 24;

/** What the settings say of a service; null: nothing, or that it is on another machine. */
export function readConfigured(service: MemoryService, memory: MemorySettings): ServiceAccess | null {
  const url = service.urlOf(memory);
  if (url === null || !isOnThisMachine(url)) return null;
  const port = WEB_PORTS[new URL(url).protocol] ?? service.usualPort;
  const { user, password, database, ...place } = readServerUrl(url, port);
  return { ...place, user: user ?? null, password: password ?? null, database: database ?? null };
}

/** Whether an address leads to this machine. */
export function isOnThisMachine(url: string): boolean {
  return /^(localhost|127\.[\d.]+|\[?::1\]?)$/.test(new URL(url).hostname);
}

/** What was kept when the service was first started; null: it never was. */
export function readAccess(folder: string): ServiceAccess | null {
  const text = readTextFile(accessFile(folder));
  if (text === null) return null;
  const parsed = accessSchema.safeParse(JSON.parse(text));
  return parsed.success ? parsed.data : null;
}

/**
 * What the settings say, else what was kept, else a new password and the usual port, or a free one where that is taken.
 * Errors: SynthesisFailure when the settings say something else than data that are there already.
 */
export async function decideAccess(
  service: MemoryService,
  memory: MemorySettings,
  folder: string,
): Promise<ServiceAccess> {
  const configured = readConfigured(service, memory);
  const kept = readAccess(folder);
  const port = configured?.port ?? kept?.port ?? (await choosePort(service.usualPort));
  const access: ServiceAccess = {
    host: configured?.host ?? kept?.host ?? '127.0.0.1',
    port,
    user: configured?.user ?? kept?.user ?? service.user,
    password: service.hasPassword ? (configured?.password ?? kept?.password ?? createPassword()) : null,
    database: configured?.database ?? kept?.database ?? service.database,
  };
  if (service.keepsLogin && kept !== null) requireSameLogin(service, access, kept, folder);
  writePrivateFile(accessFile(folder), `${JSON.stringify(access, null, 2)}\n`);
  return access;
}

function requireSameLogin(service: MemoryService, access: ServiceAccess, kept: ServiceAccess, folder: string): void {
  const parts = (['user', 'password', 'database'] as const).filter((part) => access[part] !== kept[part]);
  if (parts.length === 0) return;
  throw new SynthesisFailure(
    'StoreUnavailable',
    `the settings give ${service.name} another ${parts.join(' and ')} than its data were made with; those are in ${accessFile(folder)}`,
  );
}

function accessFile(folder: string): string {
  return join(folder, 'access.json');
}

function createPassword(): string {
  return randomBytes(PASSWORD_BYTES).toString('base64url');
}

async function choosePort(usual: number): Promise<number> {
  const taken = await findTakenPorts([{ host: '127.0.0.1', port: usual, setting: '' }]);
  return taken.length === 0 ? usual : findFreePort();
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('unreachable: it listened on a port');
  return address.port;
}
