import { execFileSync } from 'node:child_process';
import { CHROMA } from '../../bootstrap.mjs';
import type { BenchServers } from './bench-servers.ts';

/** Names and versions of the servers, for a report. */
export async function describeServers({ postgres }: BenchServers): Promise<string> {
  const redis = /v=(\S+)/.exec(execFileSync('redis-server', ['--version'], { encoding: 'utf8' }))?.[1] ?? 'unknown';
  const [row] = await postgres.query('SHOW server_version');
  const version = String(row?.['server_version']).split(' ')[0];
  return `Redis ${redis}, Postgres ${version}, ${CHROMA.requirement.replace('==', ' ')}`;
}
