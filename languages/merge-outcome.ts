import type { PartId } from '../domain/ids.ts';
import type { Program } from '../domain/program.ts';

/** Which part a top-level symbol of the merged program came from; `plan` for shared types. */
export interface SymbolProvenance {
  readonly file: string;
  readonly symbol: string;
  readonly part: PartId | 'plan';
}

/** The merged program, or sentences that say what does not fit. */
export type MergeOutcome =
  | { readonly ok: true; readonly program: Program; readonly provenance: readonly SymbolProvenance[] }
  | { readonly ok: false; readonly problems: readonly string[] };
