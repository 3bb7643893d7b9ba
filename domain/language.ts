/** Languages whose programs Hydra runs and tests. */
export const RUNNABLE_LANGUAGES = ['python', 'typescript', 'javascript'] as const;
export type RunnableLanguage = (typeof RUNNABLE_LANGUAGES)[number];

/** Languages that are parsed and nothing more; a result in one of them says that nothing was run. */
export const PARSED_LANGUAGES = ['go', 'rust', 'java', 'cpp', 'bash', 'csharp', 'php', 'ruby'] as const;

export const LANGUAGES = [...RUNNABLE_LANGUAGES, ...PARSED_LANGUAGES] as const;
export type Language = (typeof LANGUAGES)[number];

/** True when programs in this language can be run in the sandbox. */
export function isRunnable(language: Language): language is RunnableLanguage {
  return (RUNNABLE_LANGUAGES as readonly string[]).includes(language);
}
