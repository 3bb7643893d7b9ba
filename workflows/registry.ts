/** The workflows that a control worker runs; the bundle starts here. */
export { buildPart } from './build-part.ts';
export { pullModel } from './pull-model.ts';
export { synthesizeCode } from './synthesize-code.ts';
