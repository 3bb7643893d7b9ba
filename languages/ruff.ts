import { createRequire } from 'node:module';
import type * as Ruff from '@astral-sh/ruff-wasm-nodejs';
import type { Diagnostic, Workspace } from '@astral-sh/ruff-wasm-nodejs';

/**
 * Real bugs only: syntax (E9, F7), broken formats (F5, F6), names (F82, F811), pylint's errors, and the few rules of bugbear
 * that no correct program breaks. Unused names and all style are left alone.
 */
const RULES = ['E9', 'F5', 'F6', 'F7', 'F82', 'F811', 'PLE', 'B012', 'B015', 'B018', 'B020', 'B023'];
const PACKAGE = '@astral-sh/ruff-wasm-nodejs';

const require = createRequire(import.meta.url);
let workspace: Workspace | undefined;

function openWorkspace(): Workspace {
  const ruff = require(PACKAGE) as typeof Ruff;
  return new ruff.Workspace({ lint: { select: RULES } }, ruff.PositionEncoding.Utf16);
}

/** What ruff finds in one Python source, syntax errors (code `invalid-syntax`) included. */
export function runRuff(source: string): readonly Diagnostic[] {
  workspace ??= openWorkspace();
  try {
    return workspace.check(source) as readonly Diagnostic[];
  } catch {
    forgetWorkspace();
    return [tooDeep()];
  }
}

/** Only nesting of thousands of levels makes ruff fail. Its memory is then in disorder: the next call loads it afresh. */
function forgetWorkspace(): void {
  workspace = undefined;
  delete require.cache[require.resolve(PACKAGE)];
}

function tooDeep(): Diagnostic {
  const start = { row: 1, column: 1 };
  return {
    code: 'invalid-syntax',
    message: 'The code is nested too deeply to be read',
    tags: [],
    annotations: [],
    subDiagnostics: [],
    start_location: start,
    end_location: start,
    fix: null,
  };
}
