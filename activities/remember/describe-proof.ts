import type { Classification } from '../../domain/classification.ts';
import type { SynthesisRequest } from '../../domain/request.ts';
import { clip } from './clip.ts';

/** Longer test files would leave no room for the code that they prove. */
const LONGEST = 1_500;

/** The user's examples and tests, against which a program was verified. */
export function describeProof(
  { examples }: Pick<Classification, 'examples'>,
  { tests }: Pick<SynthesisRequest, 'tests'>,
): string {
  const calls = examples
    .filter(({ source }) => source === 'user')
    .map(({ call, expected }) => `${call} -> ${expected}`);
  const files = tests.map(({ path, content }) => `==> ${path} <==\n${content.trimEnd()}`);
  return clip([...calls, ...files].join('\n'), LONGEST);
}
