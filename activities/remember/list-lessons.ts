import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff';
import type { NewEntry } from '../../domain/memory-entry.ts';
import type { Program } from '../../domain/program.ts';
import { firstRejection, type Verdict } from '../../domain/verdict.ts';
import { hashJson } from '../../memory/content-hash.ts';
import { normaliseError } from './normalise-error.ts';

/** About 400 tokens. A longer change is another program, which does not say what the mistake was. */
const LONGEST_FIX = 1_500;
/** Enough to see where a line belongs. */
const LINES_AROUND = 2;

/** A repair that passed, with everything that its hashes stand for. */
export interface MendedProgram {
  readonly verdict: Verdict;
  readonly failed: Program;
  readonly mended: Program;
}

/** What repairs taught: the error and the change that mended it, one for each error. */
export function listLessons(
  repairs: readonly MendedProgram[],
  origin: Pick<NewEntry, 'runId' | 'namespace'>,
): readonly NewEntry[] {
  const lessons = repairs.flatMap((repair) => toLesson(repair, origin));
  return [...new Map(lessons.map((lesson) => [lesson.key, lesson])).values()];
}

function toLesson(
  { verdict, failed, mended }: MendedProgram,
  origin: Pick<NewEntry, 'runId' | 'namespace'>,
): readonly NewEntry[] {
  const rejection = firstRejection(verdict);
  const fix = describeChange(failed, mended);
  if (!rejection || fix === '' || fix.length > LONGEST_FIX) return [];
  const { language } = mended;
  const error = normaliseError(`${rejection.kind}: ${rejection.evidence}`);
  const value = { kind: 'lesson', language, error, fix } as const;
  return [{ ...origin, kind: 'lesson', key: hashJson({ language, error }), value, text: error, expiresAt: null }];
}

function describeChange(before: Program, after: Program): string {
  const contents = new Map(before.files.map(({ path, content }) => [path, content]));
  const changes = after.files.flatMap(({ path, content }) => {
    const old = contents.get(path) ?? '';
    if (old.trimEnd() === content.trimEnd()) return [];
    const options = { context: LINES_AROUND, headerOptions: FILE_HEADERS_ONLY };
    return [createTwoFilesPatch(path, path, old, content, undefined, undefined, options).trim()];
  });
  return changes.join('\n');
}
