import type { ProgramRunner } from './program-runner.ts';

/** One runner of two: the first for the languages it has, the second for the others. A report names the one that ran. */
export function composeRunners(first: ProgramRunner, second: ProgramRunner): ProgramRunner {
  const added = second.description.languages.filter((language) => !first.description.languages.includes(language));
  if (added.length === 0) return first;
  return {
    description: {
      ...first.description,
      languages: [...first.description.languages, ...added],
      weaknesses: [...first.description.weaknesses, `${added.join(', ')} run in ${second.description.name} instead`],
    },
    run: (job, signal) => (first.description.languages.includes(job.language) ? first : second).run(job, signal),
    async close() {
      await Promise.all([first.close(), second.close()]);
    },
  };
}
