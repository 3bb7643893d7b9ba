/**
 * Starts Python once, imports what every job needs and writes its memory to a file, from which later starts take a tenth of
 * the time. Arguments: folder of Pyodide, folder of the Python runtime, file to write, then wheels.
 */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { loadPython, RUNTIME_FOLDER } from './pyodide-host.ts';

const [pyodideFolder = '', runtimeFolder = '', target = '', ...wheels] = process.argv.slice(2);
const python = await loadPython(pyodideFolder, { _makeSnapshot: true });
const packageFolder = `${RUNTIME_FOLDER}/hydra_runtime`;
python.FS.mkdirTree(packageFolder);
for (const name of readdirSync(runtimeFolder).filter((file) => file.endsWith('.py'))) {
  python.FS.writeFile(`${packageFolder}/${name}`, new Uint8Array(readFileSync(`${runtimeFolder}/${name}`)));
}
for (const wheel of wheels)
  python.unpackArchive(new Uint8Array(readFileSync(wheel)), 'wheel', { extractDir: RUNTIME_FOLDER });
python.runPython(`
import sys
sys.path.append(${JSON.stringify(RUNTIME_FOLDER)})
from hydra_runtime import driver, guard, warm_up
warm_up.import_everything()
`);
writeFileSync(target, python.makeMemorySnapshot());
