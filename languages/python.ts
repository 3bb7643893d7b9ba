import { PYTHON_BUILTINS, PYTHON_EFFECTS } from './builtins.ts';
import type { LanguageRules } from './language-rules.ts';
import { findPythonGaps } from './python-gaps.ts';
import { outlinePython } from './python-outline.ts';

/** What is special about Python. */
export const pythonRules: LanguageRules = {
  outline: outlinePython,
  gaps: findPythonGaps,
  builtins: PYTHON_BUILTINS,
  effects: PYTHON_EFFECTS,
  signatureAsSource: (signature) => {
    if (!isBlock(signature) || hasBody(signature)) return signature;
    return `${withColon(signature)}\n    ...\n`;
  },
  stub: (signature, doc) => {
    if (hasBody(signature)) return `${doc === '' ? '' : `# ${doc.replaceAll('\n', '\n# ')}\n`}${signature}`;
    if (!isBlock(signature)) return `${signature}${doc === '' ? '' : `  # ${doc.replaceAll('\n', ' ')}`}`;
    const text = doc === '' ? '' : `    """${doc.replaceAll('"""', "'''").replaceAll('\n', '\n    ')}"""\n`;
    return `${withColon(signature)}\n${text}    ...`;
  },
};

/** True for a declaration that has a body in Python. */
function isBlock(signature: string): boolean {
  return /^\s*(?:@|async\s+def\b|def\b|class\b)/.test(signature) || !/[=:]/.test(signature);
}

/** True for a class with its methods, or a function with its docstring. */
function hasBody(signature: string): boolean {
  return /:[ \t]*(?:#.*)?\n[ \t]+\S/.test(signature);
}

/** Models write signatures with and without `def` and colon. */
function withColon(signature: string): string {
  const head = signature.trim().replace(/:?\s*(?:\.\.\.|pass)?\s*$/, '');
  const isDeclared = /^(?:@|async\s+def\b|def\b|class\b)/.test(head);
  return `${isDeclared ? head : `def ${head}`}:`;
}
