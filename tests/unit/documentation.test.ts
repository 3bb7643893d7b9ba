import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { createProgram } from '../../cli/command-line.ts';
import { EXIT } from '../../cli/exit-codes.ts';
import { createTerminal } from '../../cli/terminal.ts';
import { formatEnvironmentExample } from '../../config/describe-settings.ts';
import { parseNodesFile } from '../../config/node-settings.ts';
import { SETTING_KEYS, SETTINGS } from '../../config/setting-definitions.ts';
import { openApi } from '../support/api-harness.ts';

const ROOT = join(import.meta.dirname, '../..');
const README = read('README.md');
const DOCUMENTS = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md'] as const;
/** The table of what the Python Hydra had names its things, too. */
const OWN_README = README.slice(0, README.indexOf('## Coming from the Python Hydra'));

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** First groups of all matches, each once. */
function findAll(text: string, pattern: RegExp): readonly string[] {
  return [...new Set([...text.matchAll(pattern)].flatMap((match) => match[1] ?? []))];
}

/** The rows of the table that has this heading cell. */
function tableRows(heading: string): readonly string[] {
  const lines = README.split('\n');
  const start = lines.findIndex((line) => line.startsWith(`| ${heading} `));
  if (start < 0) throw new Error(`README.md has no table with the heading ${heading}.`);
  return lines.slice(start + 2, lines.indexOf('', start));
}

/** The anchor that GitHub gives a heading. */
function toAnchor(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\w -]/g, '')
    .replaceAll(' ', '-');
}

describe.each(DOCUMENTS)('%s', (document) => {
  const text = read(document);

  it('names only settings that exist', () => {
    const known = SETTING_KEYS.map((key) => SETTINGS[key].variable);
    expect(
      findAll(text, /\b((?:HYDRA|TEMPORAL)_[A-Z][A-Z_]*[A-Z])\b/g).filter((name) => !known.some((k) => k === name)),
    ).toEqual([]);
  });

  it('names only npm scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { readonly scripts: Record<string, string> };
    const named = [...findAll(text, /\bnpm (start|test)\b/g), ...findAll(text, /\bnpm run ([\w:-]+)/g)];
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
  });

  it('links only to files and headings that exist', () => {
    const links = findAll(text, /\]\((?!https?:)([^)]+)\)/g);
    const broken = links.filter((link) => {
      const [path = '', anchor] = link.split('#');
      const file = path === '' ? document : path;
      if (!existsSync(join(ROOT, dirname(document), file))) return true;
      return (
        anchor !== undefined &&
        !findAll(read(file), /^#+ (.+)$/gm)
          .map(toAnchor)
          .includes(anchor)
      );
    });
    expect(broken).toEqual([]);
  });

  it('names only files of this folder that exist', () => {
    const paths = findAll(
      text,
      /(?<![\w./-])((?:tests|workflows|activities|config|fleet|workers|models|domain)\/[\w./-]+\w)/g,
    );
    // An example of a file that the user writes.
    expect(paths.filter((path) => path !== 'config/nodes.yaml' && !existsSync(join(ROOT, path)))).toEqual([]);
  });
});

describe('README.md', () => {
  const program = createProgram({
    environment: {},
    folder: ROOT,
    version: '0.0.0',
    terminal: createTerminal({}, 'hydra'),
    setExitCode: () => {},
  });

  it('names only commands that exist, and lists all of them', () => {
    const commands = program.commands.map((command) => command.name());
    const named = findAll(README, /\bhydra ([a-z][a-z-]*)(?=[\s`\\"])/g);
    expect(named.filter((verb) => !commands.includes(verb))).toEqual([]);
    expect(tableRows('command').flatMap((row) => findAll(row, /^\| `hydra ([a-z-]+)/g))).toEqual(commands);
  });

  it('names only options of commands that exist', () => {
    const all = program.commands.flatMap((command) => [command, ...command.commands]);
    const options = all.flatMap((command) => command.options.flatMap(({ short, long }) => [short, long]));
    const named = tableRows('command').flatMap((row) => findAll(row, /`(?:hydra \S+ )?(--?[a-z][a-z-]*)/g));
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((option) => !options.includes(option))).toEqual([]);
  });

  it('lists the exit codes of the command', () => {
    const listed = tableRows('exit code').flatMap((row) => findAll(row, /^\| (\d+) /g));
    expect(listed.map(Number)).toEqual(Object.values(EXIT));
  });

  it('lists the routes of the API, and no others', async () => {
    const { api, close } = await openApi();
    onTestFinished(close);
    const { paths } = (await (await api.request('http://localhost/openapi.json')).json()) as {
      readonly paths: Record<string, Record<string, unknown>>;
    };
    const routes = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(findAll(OWN_README, /^\| `((?:GET|POST|DELETE) [^`]+)` +\|/gm).toSorted()).toEqual(routes.toSorted());
  });

  it('names the defaults that settings have', () => {
    const example = formatEnvironmentExample();
    const rows = tableRows('setting').flatMap((row) => {
      const [names = '', defaults = ''] = row.split('|').slice(1);
      const values = findAll(defaults, /`([^`]+)`/g);
      return findAll(names, /`([^`]+)`/g).map((name, index) => `#${name}=${values[index] ?? ''}`);
    });
    expect(rows.length).toBeGreaterThan(10);
    expect(rows.filter((row) => !example.split('\n').includes(row))).toEqual([]);
  });

  it('shows a config/nodes.yaml that is accepted', () => {
    const [file = ''] = findAll(README, /```yaml\n(nodes:[^`]+)```/g);
    expect(parseNodesFile(parse(file), 'config/nodes.yaml')).toMatchObject({
      problems: [],
      nodes: [{ name: 'gpu', url: 'http://192.168.1.20:11434', slots: 4, tokenVariable: 'GPU_TOKEN' }],
    });
  });
});

describe('config/nodes.example.yaml', () => {
  const text = read('config/nodes.example.yaml');

  it.each([
    ['as it is', text, 1],
    ['with its second host switched on', text.replace(/^  # (?=- |  )/gm, '  '), 2],
  ])('is accepted %s', (_case, content, count) => {
    const { nodes, problems } = parseNodesFile(parse(content), 'config/nodes.yaml');
    expect([problems, nodes.length]).toEqual([[], count]);
  });
});
