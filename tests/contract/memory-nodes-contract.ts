import { beforeEach, describe, expect, test } from 'vitest';
import type { NodeId } from '../../domain/ids.ts';
import type { AddedNode } from '../../domain/node-record.ts';
import type { Memory, NodeRegistry } from '../../memory/ports.ts';
import type { MemoryHarness } from './memory-harness.ts';

const GPU: AddedNode = {
  id: 'gpu' as NodeId,
  url: 'http://gpu:11434',
  slots: 2,
  vramBytes: 24 * 1024 ** 3,
  tokenVariable: 'HYDRA_TOKEN_GPU',
};

/** What every registry of nodes must do. */
export function describeNodeRegistry(
  current: () => { readonly memory: Memory; readonly harness: MemoryHarness },
): void {
  describe('node registry', () => {
    let registry: NodeRegistry;
    beforeEach(() => {
      registry = current().memory.nodeRegistry;
    });

    /** As another process sees it, or this one after a restart. */
    async function readAgain() {
      return (await current().harness.open()).nodeRegistry.list();
    }

    test('an added node is kept with everything that was said of it', async () => {
      expect(await registry.add(GPU)).toBe(true);
      const { id, url, ...added } = GPU;
      expect(await readAgain()).toEqual([{ id, url, wanted: 'active', added, probesAsked: 0, probesAnswered: 0 }]);
    });

    test('a name that an added node has is not given again, until that node is removed', async () => {
      await registry.add(GPU);
      const other = { ...GPU, url: 'http://other:11434', slots: null };
      expect(await registry.add(other)).toBe(false);
      expect(await readAgain()).toMatchObject([{ url: GPU.url }]);
      await registry.setWanted(GPU, 'removed');
      expect(await registry.add(other)).toBe(true);
      expect(await readAgain()).toMatchObject([{ url: other.url, wanted: 'active', added: { slots: null } }]);
    });

    test('what is wanted of a node is kept, whoever named it, and an added one stays described', async () => {
      await registry.add(GPU);
      await registry.setWanted(GPU, 'removed');
      await registry.setWanted({ id: 'listed' as NodeId, url: 'http://listed:11434' }, 'draining');
      expect(await readAgain()).toMatchObject([
        { id: 'gpu', wanted: 'removed', added: { slots: 2 } },
        { id: 'listed', wanted: 'draining', added: null },
      ]);
    });

    test('a look that was asked for waits until it is answered, and changes nothing else', async () => {
      await registry.setWanted(GPU, 'draining');
      expect(await registry.askProbe(GPU)).toBe(1);
      expect(await registry.askProbe(GPU)).toBe(2);
      expect(await readAgain()).toMatchObject([{ wanted: 'draining', probesAsked: 2, probesAnswered: 0 }]);
      await registry.answerProbe(GPU.id, 2);
      await registry.answerProbe(GPU.id, 1);
      expect(await readAgain()).toMatchObject([{ probesAsked: 2, probesAnswered: 2 }]);
    });

    test('a look may be asked for at a node of which nothing was said', async () => {
      expect(await registry.askProbe(GPU)).toBe(1);
      expect(await readAgain()).toMatchObject([{ id: 'gpu', wanted: 'active', added: null }]);
    });

    test('of many that add the same name at once, through two connections, one wins', async () => {
      const other = (await current().harness.open()).nodeRegistry;
      const tries = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? registry : other).add(GPU));
      expect((await Promise.all(tries)).filter(Boolean)).toHaveLength(1);
    });
  });
}
