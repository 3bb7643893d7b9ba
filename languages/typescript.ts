import { JAVASCRIPT_BUILTINS, JAVASCRIPT_EFFECTS } from './builtins.ts';
import type { LanguageRules } from './language-rules.ts';
import { findTypescriptGaps } from './typescript-gaps.ts';
import { outlineTypescript } from './typescript-outline.ts';

const DECLARED =
  /^(?:export\s+)?(?:default\s+)?(?:declare\s+)?(?:async\s+)?(?:abstract\s+)?(?:function|class|interface|type|enum|const|let)\b/;

/** What is special about TypeScript and JavaScript. */
export const typescriptRules: LanguageRules = {
  outline: outlineTypescript,
  gaps: findTypescriptGaps,
  builtins: JAVASCRIPT_BUILTINS,
  effects: JAVASCRIPT_EFFECTS,
  signatureAsSource: (signature) => {
    const head = declared(signature);
    if (/\}\s*$/.test(head) && /\b(?:class|interface|enum|type)\b/.test(head)) return head;
    return /^(?:export\s+)?(?:type|const|let)\b/.test(head) ? head : `${head} {}`;
  },
  stub: (signature, doc) => {
    const text = doc === '' ? '' : `/** ${doc.replaceAll('*/', '* /').replaceAll('\n', '\n * ')} */\n`;
    const head = declared(signature).replace(/^export\s+/, '');
    const lacksBody = /^(?:abstract\s+)?(?:class|interface|enum)\b/.test(head) && !head.endsWith('}');
    return `${text}export ${head}${lacksBody ? ' {}' : ';'}`;
  },
};

/** Models write signatures with and without `function`, semicolon and empty body. */
function declared(signature: string): string {
  const head = signature
    .trim()
    .replace(/\s*;\s*$/, '')
    .replace(/(?<=[\w\])>}])\s*(?:\{\s*(?:\.\.\.)?\s*\}|\{)$/, '');
  if (DECLARED.test(head)) return head;
  return head.startsWith('async ') ? head.replace('async ', 'async function ') : `function ${head}`;
}
