/** One thing that is wrong with the settings, told so that it can be put right. */
export interface SettingProblem {
  /** Environment name or key of a file. */
  readonly name: string;
  /** What would be right, such as `a whole number from 1 to 65535`. */
  readonly rule: string;
  /** The value seen; masked for a secret. */
  readonly value: string;
  /** Where it was seen, such as `environment` or `config/models.yaml`. */
  readonly origin: string;
  /** How to set it. */
  readonly fix: string;
}

/** All problems as one report for a terminal, one line each with its remedy below. */
export function formatProblems(problems: readonly SettingProblem[]): string {
  const count = problems.length === 1 ? 'One setting is' : `${problems.length} settings are`;
  return [`${count} wrong:`, ...problems.map(formatProblem)].join('\n');
}

function formatProblem(problem: SettingProblem): string {
  const seen = problem.value === '' ? '' : `; seen: ${JSON.stringify(problem.value)}`;
  return `  ${problem.name} (${problem.origin}): ${problem.rule}${seen}\n      ${problem.fix}`;
}

/** Hides a user and password in an address; too much rather than too little. */
export function maskCredentials(text: string): string {
  return text.replace(/\S*@/g, `${MASK}@`).replace(/(password=)[^&\s]*/gi, `$1${MASK}`);
}

/** What is shown of a secret: that it is there. */
export const MASK = '********';
