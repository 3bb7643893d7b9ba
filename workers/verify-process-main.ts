/** The process that verifies: all that starts compilers, linters and sandboxes, apart from the large main process. */
import { STATIC_TOOLS } from '../languages/static-tools.ts';
import { createProgramRunner } from '../sandbox/create-program-runner.ts';
import { serveVerify } from './serve-verify.ts';

await serveVerify({
  createRunner: ({ sandbox, cache }) => createProgramRunner({ choice: sandbox.runner, cacheFolder: cache }),
  tools: STATIC_TOOLS,
});
