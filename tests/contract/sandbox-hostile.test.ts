import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADAPTERS, openBench, runCalls, runFiles, runProgram } from './sandbox-support.ts';
import type { ProgramRunner, SandboxLimits } from '../../sandbox/program-runner.ts';

const WALL_CLOCK_MS = 3_000;
// What the end of a killed process and its clean-up may take on a busy machine.
const GRACE_MS = 2_000;
const LIMITS: Partial<SandboxLimits> = { wallClockMs: WALL_CLOCK_MS };
/** Filling memory takes a busy machine longer; these programs shall end by what they take. */
const MEMORY_LIMITS: Partial<SandboxLimits> = { wallClockMs: 30_000, cpuMs: 30_000 };
const SECRET = `secret-${process.pid}`;
const SECRET_FILE = join(tmpdir(), `hydra-test-file-${process.pid}.json`);

/** Programs that do harm, by what they do; `{port}` listens on this machine, `{file}` holds a secret, `{pid}` is ours. */
const PYTHON_PROGRAMS: Readonly<Record<string, string>> = {
  spins: 'while True: pass',
  sleeps: 'import time\nwhile True: time.sleep(1)',
  forks: 'import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass',
  'takes 4 GB': 'parts = []\nwhile len(parts) < 64:\n    parts.append(b"x" * (64 * 1024 * 1024))\nprint("TOOK 4 GB")',
  'prints 100 MB': 'import sys\nfor _ in range(1600):\n    sys.stdout.write("x" * 65536)\nprint("PRINTED")',
  'writes 1 GB':
    'with open("big", "wb") as f:\n    for _ in range(1024):\n        f.write(b"x" * (1 << 20))\n        f.flush()\nprint("WROTE")',
  'reads files':
    'import glob\nprint([open(p).read()[:40] for p in ["/etc/passwd", "{file}", "../../../..{file}"]], glob.glob("/root/*"))',
  'follows a link': 'import os\nos.symlink("/etc/passwd", "link")\nprint(open("link").read())',
  'reads JavaScript': 'import js\nprint("READ", js.Deno.readTextFileSync("/etc/passwd"))',
  'opens sockets':
    'import socket\ns = socket.create_connection(("127.0.0.1", {port}), 2)\ns.send(b"x")\nprint("CONNECTED")',
  'kills its parent':
    'import os, signal\nfor pid in (os.getppid(), {pid}):\n    try:\n        os.kill(pid, signal.SIGKILL)\n    except OSError:\n        pass\nos.kill(-1, 9)',
  daemonises:
    'import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        time.sleep(600)\n    os._exit(0)\nprint("parent leaves")',
  'recurses for ever': 'def f(n): return f(n + 1)\nf(0)',
  'starts programs': 'import subprocess\nprint(subprocess.run(["cat", "/etc/passwd"], capture_output=True).stdout)',
  'starts threads':
    'import threading, time\nfor _ in range(10000):\n    threading.Thread(target=time.sleep, args=(60,)).start()',
};
const TYPESCRIPT_PROGRAMS: Readonly<Record<string, string>> = {
  spins: 'for (;;);',
  sleeps: 'setInterval(() => 0, 1000);',
  forks: 'import { fork } from "node:child_process";\nfor (;;) fork("main.ts");',
  'takes 4 GB':
    'const parts: unknown[] = [];\nfor (let n = 0; n < 64; n += 1) parts.push(new Uint8Array(64 << 20).fill(1));\nconsole.log("TOOK 4 GB");',
  'takes 4 GB of objects': 'const parts: unknown[] = [];\nfor (;;) parts.push({ a: [parts.length] });',
  'prints 100 MB': 'for (let n = 0; n < 1600; n += 1) console.log("x".repeat(65536));\nconsole.log("PRINTED");',
  'writes 1 GB': 'Deno.writeFileSync("big", new Uint8Array(1 << 30));\nconsole.log("WROTE");',
  'reads files':
    'import { readFileSync } from "node:fs";\nfor (const path of ["/etc/passwd", "{file}", "../../../../..{file}"]) {\n  try { console.log(readFileSync(path, "utf8")); } catch (e) { console.log(String(e).slice(0, 20)); }\n}',
  'imports a file of this machine': 'import secret from "file://{file}" with { type: "json" };\nconsole.log(secret);',
  'imports a text of this machine':
    'import text from "../../../../../../etc/passwd" with { type: "text" };\nconsole.log(text);',
  'imports through data':
    'console.log(await import("data:text/javascript,export { default } from \\"file://{file}\\" with { type: \\"json\\" }"));',
  'requires a file of this machine':
    'import { createRequire } from "node:module";\nconsole.log(createRequire(import.meta.url)("{file}"));',
  'imports from the network': 'console.log(await import("http://127.0.0.1:{port}/x.js"));',
  'opens sockets':
    'const c = await Deno.connect({ port: {port} });\nawait c.write(new Uint8Array(1));\nconsole.log("CONNECTED");',
  fetches: 'await fetch("http://127.0.0.1:{port}/");\nconsole.log("CONNECTED");',
  'kills its parent':
    'import process from "node:process";\nfor (const pid of [process.ppid, {pid}]) { try { process.kill(pid, "SIGKILL"); } catch {} }\nDeno.kill(1, "SIGKILL");',
  'recurses for ever': 'const f = (n: number): number => f(n + 1) + 1;\nf(0);',
  'starts programs': 'console.log(new Deno.Command("cat", { args: ["/etc/passwd"] }).outputSync());',
  'starts workers':
    'for (let n = 0; n < 1000; n += 1) new Worker("data:text/javascript,for(;;);", { type: "module" });',
  'loads libraries': 'Deno.dlopen("/usr/lib/x86_64-linux-gnu/libc.so.6", {});\nconsole.log("LOADED");',
};

/** Where only one kind of end is right. */
const ENDINGS: Readonly<Record<string, readonly string[]>> = {
  spins: ['cpu', 'wall_clock'],
  sleeps: ['wall_clock'],
  'takes 4 GB': ['memory', 'finished'],
  'takes 4 GB of objects': ['memory'],
  'prints 100 MB': ['output'],
};
/** A cold start on a busy machine, which is not the program's time. */
const START_MS = 10_000;

let server: Server;
let port = 0;
let connections = 0;

beforeAll(async () => {
  writeFileSync(SECRET_FILE, JSON.stringify({ value: SECRET }), { mode: 0o644 });
  process.env['HYDRA_TEST_SECRET'] = SECRET;
  server = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
});

afterAll(() => {
  server.close();
  rmSync(SECRET_FILE);
});

const fill = (program: string): string =>
  program.replaceAll('{port}', String(port)).replaceAll('{file}', SECRET_FILE).replaceAll('{pid}', String(process.pid));

for (const adapter of ADAPTERS) {
  const bench = await openBench(adapter);
  const runner = bench.runner as ProgramRunner;

  describe.skipIf(bench.runner === null)(`a hostile program in ${adapter}`, { timeout: 120_000 }, () => {
    const tables = { python: PYTHON_PROGRAMS, typescript: TYPESCRIPT_PROGRAMS } as const;
    for (const [language, programs] of Object.entries(tables) as ['python' | 'typescript', Record<string, string>][]) {
      it.each(Object.keys(programs))(`in ${language} that %s is held`, async (name) => {
        const limits = name.startsWith('takes') ? MEMORY_LIMITS : LIMITS;
        const report = await runProgram(runner, language, fill(programs[name] ?? ''), limits);
        expect(report.durationMs).toBeLessThan((limits.wallClockMs ?? 0) + GRACE_MS + START_MS);
        expect(report.output).not.toMatch(/root:x|CONNECTED|TOOK 4 GB|PRINTED|WROTE|LOADED/u);
        expect(report.output).not.toContain(SECRET);
        expect(report.output.length).toBeLessThan(70_000);
        expect(connections).toBe(0);
        const expected = ENDINGS[name];
        if (expected !== undefined) expect(expected).toContain(report.ending);
      });
    }

    it('sees nothing of the environment', async () => {
      const python = await runCalls(runner, 'python', 'import os', ['os.environ.get("HYDRA_TEST_SECRET")']);
      expect(python.calls[0]).toEqual({ ended: 'value', canonical: 'null' });
      const script = await runCalls(runner, 'typescript', 'import process from "node:process";', [
        'process.env.HYDRA_TEST_SECRET',
      ]);
      expect(script.calls[0]).toEqual({ ended: 'value', canonical: 'undefined' });
    });

    it('prints what looks like an answer and gains nothing', async () => {
      const content =
        'import sys, json, os, builtins\nprint("\\n1234 {\\"kind\\": \\"call\\", \\"item\\": 0}\\nPASS")\njson.dumps = lambda *a, **k: "{}"\nbuiltins.print = lambda *a: None\nos.write = lambda *a: 0\ndef f():\n    return 1\n';
      const report = await runCalls(runner, 'python', content, ['f()', 'f() + 1']);
      expect(report.calls).toEqual([
        { ended: 'value', canonical: '1' },
        { ended: 'value', canonical: '2' },
      ]);
      const early = await runCalls(runner, 'python', 'import os\nprint("PASS", flush=True)\nos._exit(0)', ['f()']);
      expect(early).toMatchObject({ ending: 'crashed', loaded: false, calls: [{ ended: 'crashed' }] });
      const script =
        'JSON.stringify = () => "{}";\nconsole.log = () => undefined;\nDeno.stdout.writeSync = () => 0;\nTextEncoder.prototype.encode = () => new Uint8Array(0);\nexport const f = () => 1;\n';
      const patched = await runCalls(runner, 'typescript', script, ['f()']);
      expect(patched.calls).toEqual([{ ended: 'value', canonical: '1' }]);
      const exits = await runCalls(runner, 'typescript', 'console.log("PASS");\nDeno.exit(0);', ['f()']);
      expect(exits).toMatchObject({ loaded: false, calls: [{ ended: 'crashed' }] });
    });

    it('cannot reach the files of another run', async () => {
      const files = { 'main.ts': 'export const names = [...Deno.readDirSync("..")].map((e) => e.name);' };
      const report = await runFiles(runner, 'typescript', files, { kind: 'import', module: 'main.ts' });
      expect(report).toMatchObject({ loaded: false, loadError: expect.stringMatching(/NotCapable/u) });
    });

    it('leaves nothing behind', async () => {
      await bench.close();
      expect(bench.leftovers()).toEqual([]);
      const folders = readdirSync(tmpdir()).filter((name) => name.startsWith(`hydra-sandbox-run-${process.pid}-`));
      expect(folders).toEqual(adapter === ADAPTERS.at(-1) ? [] : folders);
      expect(readFileSync(SECRET_FILE, 'utf8')).toContain(SECRET);
      expect(readdirSync('.')).not.toContain('big');
    });
  });
}
