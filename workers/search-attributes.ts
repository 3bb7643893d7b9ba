import type { Connection } from '@temporalio/client';
import { encodeSearchAttributeIndexedValueType } from '@temporalio/common/lib/search-attributes.js';
import { setTimeout as delay } from 'node:timers/promises';
import { SynthesisFailure } from '../domain/failure.ts';
import { SEARCH_ATTRIBUTES } from '../workflows/contract.ts';

type SearchAttributeName = (typeof SEARCH_ATTRIBUTES)[keyof typeof SEARCH_ATTRIBUTES];

/** What each search attribute holds. A run may use several models and hosts. */
export const SEARCH_ATTRIBUTE_TYPES: Readonly<Record<SearchAttributeName, 'Keyword' | 'KeywordList' | 'Bool'>> = {
  HydraState: 'Keyword',
  HydraLanguage: 'Keyword',
  HydraModels: 'KeywordList',
  HydraNodes: 'KeywordList',
  HydraVerified: 'Bool',
};

/** As the SDK names the types. */
const SDK_TYPES = { Keyword: 'KEYWORD', KeywordList: 'KEYWORD_LIST', Bool: 'BOOL' } as const;

const CALL_DEADLINE_MS = 10_000;
/** A server takes over new attributes with its next look at its namespaces: every 2 to 10 s. */
const USABLE_LIMIT_MS = 60_000;
const LOOK_INTERVAL_MS = 200;

/**
 * Registers the search attributes that the namespace lacks, and waits until they can be used: a workflow that sets an unknown
 * one would never get on.
 * Errors: TemporalUnavailable with the commands to run, where we may not register them.
 */
export async function ensureSearchAttributes(connection: Connection, namespace: string): Promise<void> {
  const missing = await findMissing(connection, namespace);
  if (missing.length === 0) return;
  try {
    await addAttributes(connection, namespace, missing);
    await waitUntilUsable(connection, namespace, missing);
  } catch (error) {
    const message = `Temporal lacks search attributes and does not let us add them; run:\n${toCommands(namespace, missing)}`;
    throw new SynthesisFailure('TemporalUnavailable', message, { namespace, missing }, { cause: error });
  }
}

async function findMissing(connection: Connection, namespace: string): Promise<readonly SearchAttributeName[]> {
  const listed = await connection.withDeadline(Date.now() + CALL_DEADLINE_MS, () =>
    connection.operatorService.listSearchAttributes({ namespace }),
  );
  return Object.values(SEARCH_ATTRIBUTES).filter((name) => listed.customAttributes[name] === undefined);
}

async function addAttributes(
  connection: Connection,
  namespace: string,
  names: readonly SearchAttributeName[],
): Promise<void> {
  const typed = names.map((name) => [name, toIndexedType(name)] as const);
  await connection.withDeadline(Date.now() + CALL_DEADLINE_MS, () =>
    connection.operatorService.addSearchAttributes({ namespace, searchAttributes: Object.fromEntries(typed) }),
  );
}

function toIndexedType(name: SearchAttributeName): number {
  return encodeSearchAttributeIndexedValueType(SDK_TYPES[SEARCH_ATTRIBUTE_TYPES[name]]) ?? 0;
}

/** A query by an attribute is refused for as long as the frontend does not know it. */
async function waitUntilUsable(
  connection: Connection,
  namespace: string,
  names: readonly SearchAttributeName[],
): Promise<void> {
  const query = names.map((name) => `${name} IS NULL`).join(' AND ');
  const deadline = Date.now() + USABLE_LIMIT_MS;
  for (;;) {
    try {
      await connection.withDeadline(Date.now() + CALL_DEADLINE_MS, () =>
        connection.workflowService.countWorkflowExecutions({ namespace, query }),
      );
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await delay(LOOK_INTERVAL_MS);
    }
  }
}

function toCommands(namespace: string, names: readonly SearchAttributeName[]): string {
  return names
    .map((name) => {
      const attribute = `--name ${name} --type ${SEARCH_ATTRIBUTE_TYPES[name]}`;
      return `  temporal operator search-attribute create --namespace ${namespace} ${attribute}`;
    })
    .join('\n');
}
