/** The workflows that a control worker runs; the bundle starts here. */
export { buildPart } from './build-part.ts';
export { synthesizeCode } from './synthesize-code.ts';
