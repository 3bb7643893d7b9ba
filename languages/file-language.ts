import type { Language } from '../domain/language.ts';

const EXTENSIONS: Readonly<Record<string, Language>> = {
  py: 'python',
  pyi: 'python',
  ts: 'typescript',
  tsx: 'typescript',
  mts: 'typescript',
  cts: 'typescript',
  js: 'javascript',
  jsx: 'javascript',
  mjs: 'javascript',
  cjs: 'javascript',
  go: 'go',
  rs: 'rust',
  java: 'java',
  cpp: 'cpp',
  cc: 'cpp',
  cxx: 'cpp',
  hpp: 'cpp',
  h: 'cpp',
  sh: 'bash',
  bash: 'bash',
  cs: 'csharp',
  php: 'php',
  rb: 'ruby',
};

/** Names that people and models write for a language, in prompts and behind fences. */
const NAMES: Readonly<Record<string, Language>> = {
  ...EXTENSIONS,
  python: 'python',
  python3: 'python',
  pycon: 'python',
  typescript: 'typescript',
  javascript: 'javascript',
  node: 'javascript',
  nodejs: 'javascript',
  ecmascript: 'javascript',
  golang: 'go',
  rust: 'rust',
  java: 'java',
  'c++': 'cpp',
  shell: 'bash',
  csharp: 'csharp',
  'c#': 'csharp',
  php: 'php',
  ruby: 'ruby',
};

/** Language of a file by its extension. */
export function languageOfFile(path: string): Language | undefined {
  const extension = /\.([A-Za-z]+)$/.exec(path)?.[1]?.toLowerCase();
  return extension === undefined ? undefined : EXTENSIONS[extension];
}

/** Language by a name or extension, such as the word behind a fence. */
export function languageByName(name: string): Language | undefined {
  const key = name.toLowerCase();
  return Object.hasOwn(NAMES, key) ? NAMES[key] : undefined;
}
