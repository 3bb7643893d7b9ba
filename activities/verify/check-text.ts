import { isRunnable } from '../../domain/language.ts';
import { checkContract } from '../../languages/check-contract.ts';
import { findPlaceholders } from '../../languages/find-placeholders.ts';
import { parseSource } from '../../languages/parse.ts';
import { ruleCheck, type CheckStep } from './check-step.ts';

/** Every file of the program parses. */
export const checkParse: CheckStep = async ({ program }) => {
  const startedAt = performance.now();
  const perFile = await Promise.all(
    program.files.filter(hasCode).map(async ({ path, content }) => {
      const problems = await parseSource(program.language, content);
      return problems.map(({ line, column, message }) => `${path}:${line}:${column}: ${message}`);
    }),
  );
  return { checks: [ruleCheck('parse', perFile.flat().slice(0, 5), perFile.length, startedAt)] };
};

/** Data and documents beside the program are not parsed as code. */
function hasCode({ path }: { readonly path: string }): boolean {
  return !/\.(?:md|txt|json|ya?ml|toml|csv|html|css)$/.test(path);
}

/** Nothing was left out. */
export const checkPlaceholders: CheckStep = async ({ program }) => {
  const startedAt = performance.now();
  const found = await findPlaceholders(program);
  const problems = found.map(({ file, line, reason, excerpt }) => `${file}:${line}: ${reason}: ${excerpt}`);
  return { checks: [ruleCheck('placeholders', problems, Math.max(1, problems.length), startedAt)] };
};

/** The program defines what it must: a part its contract, the whole the names that were asked for. */
export const checkPromises: CheckStep = async ({ program, scope }) => {
  const startedAt = performance.now();
  const { classification, planned } = scope;
  if (!isRunnable(program.language)) return { checks: [] };
  const names = planned ? [] : classification.entryPoints;
  const report = await checkContract(program, planned?.part.provides ?? [], names);
  if (report.totalCount === 0) return { checks: [] };
  const check = ruleCheck('contract', report.problems, report.totalCount, startedAt);
  // Names that a model chose are a wish, not a rule.
  const isRule = planned !== null || classification.entryPointsBy === 'user';
  return { checks: [isRule ? check : { ...check, author: 'model', trusted: false }] };
};
