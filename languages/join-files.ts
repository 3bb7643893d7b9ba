import type { PartId } from '../domain/ids.ts';
import type { Plan } from '../domain/plan.ts';
import type { Program } from '../domain/program.ts';
import type { MergeOutcome } from './merge-outcome.ts';
import { orderParts } from './order-parts.ts';

/** Languages that Hydra only parses are merged by file: parts of one file stand one after another. */
export function joinFiles(plan: Plan, programs: ReadonlyMap<PartId, Program>): MergeOutcome {
  const contents = new Map<string, string[]>();
  for (const { name, file, declaration } of plan.sharedTypes) {
    if (name !== '') contents.set(file, [...(contents.get(file) ?? []), declaration.trim()]);
  }
  for (const part of orderParts(plan.parts)) {
    for (const { path, content } of programs.get(part.id)?.files ?? []) {
      const target = path === programs.get(part.id)?.mainFile ? part.file : path;
      contents.set(target, [...(contents.get(target) ?? []), content.trim()]);
    }
  }
  if (!contents.has(plan.mainFile)) return { ok: false, problems: [`No part fills the main file ${plan.mainFile}.`] };
  const files = [...contents].map(([path, texts]) => ({ path, content: `${texts.join('\n\n')}\n` }));
  const provenance = plan.parts.flatMap(({ id, file, provides }) =>
    provides.map(({ name }) => ({ file, symbol: name, part: id })),
  );
  return { ok: true, program: { language: plan.language, mainFile: plan.mainFile, files }, provenance };
}
