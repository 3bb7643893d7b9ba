import { createChromaService, type ChromaPackage } from './chroma-service.ts';
import type { MemoryService, ServiceName } from './memory-service.ts';
import { POSTGRES_SERVICE } from './postgres-service.ts';
import { REDIS_SERVICE } from './redis-service.ts';

/** The services of these names; all of them where none is named. */
export function listServices(names: readonly ServiceName[], chroma: ChromaPackage): readonly MemoryService[] {
  const all = [REDIS_SERVICE, POSTGRES_SERVICE, createChromaService(chroma)];
  return names.length === 0 ? all : all.filter(({ name }) => names.includes(name));
}
