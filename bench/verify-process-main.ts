/** The verify process of a measured Hydra: an instant sandbox, and checkers that are instant or, with the argument `real`, real. */
import { STATIC_TOOLS } from '../languages/static-tools.ts';
import { serveVerify } from '../workers/serve-verify.ts';
import { createInstantRunner } from './instant-runner.ts';
import { INSTANT_TOOLS } from './instant-tools.ts';
import type { Checkers } from './workload.ts';

await serveVerify({
  createRunner: async () => ({ kind: 'runner', runner: createInstantRunner() }),
  tools: (process.argv[2] as Checkers) === 'real' ? STATIC_TOOLS : INSTANT_TOOLS,
});
