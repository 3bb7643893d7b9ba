/**
 * Runs one Python job in Pyodide: the same Python code as on a real CPython does the work, this only carries its input and
 * output. Arguments: folder of Pyodide, snapshot file.
 */
import { readFileSync } from 'node:fs';
import process from 'node:process';
import {
  createSender,
  dropReadRight,
  endProcess,
  readJobText,
  readLine,
  readStdin,
  writeOutput,
  type Frame,
} from './frames.ts';
import { restorePython } from './pyodide-host.ts';

const WORK_FOLDER = '/program';
const [pyodideFolder = '', snapshotFile = ''] = process.argv.slice(2);
const python = await restorePython(pyodideFolder, new Uint8Array(readFileSync(snapshotFile)));
dropReadRight();
python.setStdin({ read: readStdin });
python.setStdout({ write: writeOutput });
python.setStderr({ write: writeOutput });
python.FS.mkdirTree(WORK_FOLDER);

const send = createSender(readLine());
send({ kind: 'ready' });
const jobText = readJobText();
const sendText = (text: string): void => send(JSON.parse(text) as Frame);
python.globals.set('hydra_start', [jobText, sendText]);
const code = await python.runPythonAsync(`
import sys
def start(job_text, send_text):
    from hydra_runtime import driver
    return driver.run_job_text(job_text, send_text, ${JSON.stringify(WORK_FOLDER)})
start_with = hydra_start.to_py()
del hydra_start
start(*start_with)
`);
if (code === null || code === undefined) send({ kind: 'done' });
endProcess(Number(code ?? 0));
