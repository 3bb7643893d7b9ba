import type { ChromaClient, Collection } from 'chromadb';

/** Names of collections in one answer of the server. */
const PAGE = 500;

/** All collections whose names begin so. */
export async function listCollections(client: ChromaClient, prefix: string): Promise<readonly Collection[]> {
  const found: Collection[] = [];
  for (let offset = 0; ; offset += PAGE) {
    const page = await client.listCollections({ limit: PAGE, offset });
    found.push(...page.filter(({ name }) => name.startsWith(prefix)));
    if (page.length < PAGE) return found;
  }
}
