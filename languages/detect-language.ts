import { LANGUAGES, type Language } from '../domain/language.ts';
import { languageByName, languageOfFile } from './file-language.ts';
import { plainPrompt } from './prompt-text.ts';

/** Words for a language in running text. Short names that are also words (`go`, `c`) need something beside them. */
const WORDS: Readonly<Record<Language, RegExp>> = {
  python: /\b(?:python ?3?(?:\.\d+)?|pytest|pythonic|django|flask|fastapi|numpy|pandas)\b/gi,
  typescript: /\b(?:typescript|deno|tsx?(?= (?:function|class|module|code|program|script|file|type)s?\b))(?![\w.])/gi,
  javascript:
    /\b(?:javascript|node(?:\.?js)|ecmascript|vanilla js|js(?= (?:function|class|module|code|program|script|file)s?\b))/gi,
  go: /\b(?:golang|(?:in|using|with|write|a|an) go(?= (?:function|program|package|module|struct|code|server|script)|[.,;:!]|$))/gim,
  rust: /\b(?:rust(?!y))\b/gi,
  java: /\bjava\b(?!script)/gi,
  cpp: /\bc\+\+|\bcpp\b/gi,
  bash: /\b(?:bash|shell script|zsh)\b/gi,
  csharp: /\bc#|\bcsharp\b|\.net\b/gi,
  php: /\bphp\b/gi,
  ruby: /\bruby\b/gi,
};

/** "in Python", "Python function", "using TypeScript": what the program is to be written in. */
const WANTED_BEFORE =
  /(?:\b(?:in|using|with|write|create|implement|make|build|a|an|to|into)\s+(?:a |an |the |pure |plain |modern |idiomatic )?)$/i;
const WANTED_AFTER =
  /^\s*(?:3(?:\.\d+)?\s*)?(?:function|class|module|program|script|code|method|package|library|implementation|cli|file)\b/i;
/** "convert this JavaScript to Python", "not in Java": the language that the program is not to have. */
const UNWANTED_BEFORE =
  /\b(?:from|not|not in|without|unlike|convert (?:this|the|my|these|some)?|port (?:this|the|my)?|translate (?:this|the|my)?|like in|equivalent (?:of|to))\s*(?:a |an |the )?$/i;
const WANTED_WEIGHT = 3;
const FENCE = /^[ \t]*(?:`{3,}|~{3,})[ \t]*([\w+#-]+)/gm;
const FILE = /(?<![\w/@.])[\w-]+(?:\/[\w-]+)*\.(?:pyi?|[mc]?tsx?|[mc]?jsx?|go|rs|java|cpp|cc|cs|php|rb|sh)\b/g;
/** Declarations that only one of the languages has. */
const SHAPES: readonly (readonly [RegExp, Language])[] = [
  [/^\s*(?:async )?def \w+\(.*\).*:\s*$|^\s*>>> |^\s*from [\w.]+ import /m, 'python'],
  [
    /^\s*(?:export )?(?:interface \w+ \{|type \w+ =)|[\w)\]]\s*:\s*(?:number|string|boolean|(?:Readonly)?Array<|Record<|Promise<)/m,
    'typescript',
  ],
  [/^\s*(?:export )?(?:async )?function \w+\(|^\s*const \w+ = \(?.*=>/m, 'javascript'],
];

/** The language that a prompt asks for, when it says so. */
export function detectLanguage(text: string): Language | undefined {
  const prompt = plainPrompt(text);
  return mentionedLanguage(prompt) ?? fencedLanguage(prompt) ?? fileLanguage(prompt) ?? shapedLanguage(prompt);
}

function mentionedLanguage(prompt: string): Language | undefined {
  const prose = prompt.replaceAll(/^[ \t]*(```|~~~)[\s\S]*?(?:^[ \t]*\1|$(?![\s\S]))/gm, '');
  const scores = LANGUAGES.map((language) => ({ language, score: scoreOf(prose, language) }));
  const [best, second] = scores.filter(({ score }) => score > 0).sort((a, b) => b.score - a.score);
  if (best === undefined || best.score === second?.score) return undefined;
  return best.language;
}

function scoreOf(prose: string, language: Language): number {
  return [...prose.matchAll(WORDS[language])].reduce((score, { index, 0: word }) => {
    const before = prose.slice(Math.max(0, index - 40), index);
    if (UNWANTED_BEFORE.test(before)) return score - 1;
    const wanted = WANTED_BEFORE.test(before) || WANTED_AFTER.test(prose.slice(index + word.length));
    return score + (wanted ? WANTED_WEIGHT : 1);
  }, 0);
}

function fencedLanguage(prompt: string): Language | undefined {
  return onlyOne([...prompt.matchAll(FENCE)].map(([, tag]) => languageByName(tag ?? '')));
}

function fileLanguage(prompt: string): Language | undefined {
  return onlyOne([...prompt.matchAll(FILE)].map(([path]) => languageOfFile(path)));
}

function shapedLanguage(prompt: string): Language | undefined {
  return SHAPES.find(([shape]) => shape.test(prompt))?.[1];
}

function onlyOne(found: readonly (Language | undefined)[]): Language | undefined {
  const languages = new Set(found.filter((language) => language !== undefined));
  return languages.size === 1 ? [...languages][0] : undefined;
}
