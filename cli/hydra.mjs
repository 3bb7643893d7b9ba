#!/usr/bin/env node
/** The `hydra` command: makes sure that the packages are there, then goes on in `cli/main.ts`. */
import { ensurePackages, reportProblem, requireNode, runTypeScript } from '../bootstrap.mjs';

try {
  requireNode(process.versions.node);
  await ensurePackages();
  await runTypeScript('cli/main.ts', process.argv.slice(2));
} catch (error) {
  process.exitCode = reportProblem(error);
}
