import { isSafePath } from '../domain/safe-path.ts';
import type { FencedBlock } from './fences.ts';

const PATH = String.raw`(?:\.?/)?[\w@.-]+(?:/[\w@.-]+)*\.[A-Za-z][A-Za-z0-9]{0,5}`;
const WHOLE_PATH = new RegExp(`^${PATH}$`);
/** `# app.py`, `// file: src/app.ts`, `<!-- index.html -->`: the whole first line. */
const COMMENT_LINE = new RegExp(
  String.raw`^\s*(?:#|//|--|/\*+|<!--|""")\s*(?:file(?:name)?|path)?\s*:?\s*[\`*]{0,2}(${PATH})[\`*]{0,2}\s*(?:\*/|-->|""")?\s*$`,
  'i',
);
/** A heading or label that is nothing but a file name: `### 1. app.py`, `**File: app.py**`, "`app.py`:". */
const LABEL_LINE = new RegExp(
  String.raw`^[\s#>*_-]*(?:\d+[.)]\s*)?[*_\`]*(?:file(?:name)?|path)?\s*:?\s*[*_\`]*(${PATH})[*_\`]*\s*(?:\([^)]*\))?\s*:?[*_\`]*\s*$`,
  'i',
);
/** A sentence that announces one file: "Create `src/app.ts`:". */
const ANNOUNCED = new RegExp(String.raw`[\`*"'](${PATH})[\`*"'][^.]*:\s*$`);

/** The file that a block says it is; `unsafe` when it names a place outside the program's folder. */
export function fileNameOf(block: FencedBlock): { readonly path?: string; readonly unsafe?: string } {
  const stated = fromInfo(block.info) ?? fromFirstLine(block.content) ?? fromLead(block.lead);
  if (stated === undefined) return {};
  const path = stated.replace(/^\.\//, '');
  return isSafePath(path) ? { path } : { unsafe: stated };
}

function fromInfo(info: string): string | undefined {
  const named = /(?:file(?:name)?|title|path|name)\s*[=:]\s*["']?([^"'\s}]+)/i.exec(info)?.[1];
  if (named !== undefined) return named;
  const words = info.split(/[\s:{},]+|\/\/|#/).filter((word) => word !== '');
  return words.find((word) => WHOLE_PATH.test(word) || /^(?:\/|\.\.|[A-Za-z]:\\).*\.\w+$/.test(word));
}

function fromFirstLine(content: string): string | undefined {
  const first = content.split('\n').find((line) => line.trim() !== '' && !line.startsWith('#!')) ?? '';
  return COMMENT_LINE.exec(first)?.[1];
}

function fromLead(lead: string): string | undefined {
  const announced = ANNOUNCED.exec(lead)?.[1];
  const isOnlyOne = (lead.match(new RegExp(PATH, 'g')) ?? []).length === 1;
  return LABEL_LINE.exec(lead)?.[1] ?? (isOnlyOne ? announced : undefined);
}
