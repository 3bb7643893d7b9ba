import { Argument } from 'commander';
import { CHROMA, chromaCommand } from '../../bootstrap.mjs';
import { listServices } from '../../workers/services/list-services.ts';
import { SERVICE_NAMES, type MemoryService, type ServiceName } from '../../workers/services/memory-service.ts';

/** The argument that names services; none means all. */
export function serviceNames(): Argument {
  const all = SERVICE_NAMES.join(', ');
  return new Argument('[services...]', `which: ${all}; all where none is named`).choices(SERVICE_NAMES);
}

/** The named services, with what set-up knows of Chroma. */
export function findServices(cache: string, names: readonly ServiceName[]): readonly MemoryService[] {
  return listServices(names, { command: chromaCommand(cache), requirement: CHROMA.requirement });
}
