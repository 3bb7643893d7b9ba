import type { PartId } from './ids.ts';
import type { Language } from './language.ts';
import type { Example } from './request.ts';

/** One public name with everything another part needs to know to use it. */
export interface SymbolContract {
  readonly name: string;
  /** In the program's language, such as `def area(shape: Shape) -> float`. */
  readonly signature: string;
  /** Data shapes, units, mutability, and what is raised when; this text is what makes parts fit. */
  readonly doc: string;
}

export interface SymbolUse {
  readonly part: PartId;
  readonly symbol: string;
}

export const PART_KINDS = ['function', 'class', 'module', 'data'] as const;
export type PartKind = (typeof PART_KINDS)[number];

/** One node of the plan's graph: what one child workflow builds. A class with shared state is one part. */
export interface PlanPart {
  readonly id: PartId;
  readonly title: string;
  readonly kind: PartKind;
  readonly file: string;
  readonly provides: readonly SymbolContract[];
  readonly uses: readonly SymbolUse[];
  readonly requirements: readonly string[];
  readonly examples: readonly Example[];
}

export interface PlanFile {
  readonly path: string;
  readonly purpose: string;
}

/** A type that several parts share, declared once in `file`. */
export interface SharedType {
  readonly name: string;
  readonly declaration: string;
  readonly doc: string;
  readonly file: string;
}

/** How a request is divided: an acyclic graph of parts with full contracts. */
export interface Plan {
  readonly language: Language;
  readonly summary: string;
  readonly files: readonly PlanFile[];
  readonly sharedTypes: readonly SharedType[];
  readonly parts: readonly PlanPart[];
  /** The file that is run or imported first. */
  readonly mainFile: string;
}
