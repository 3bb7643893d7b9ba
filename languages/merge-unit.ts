import type { SyntaxNode } from './syntax.ts';

/** One name that an import binds, in the terms of both languages. */
export interface ImportedName {
  readonly module: string;
  /** `name`: one export; `module`: the module under a name; `default`; `all`: every name; `effect`: none. */
  readonly kind: 'name' | 'module' | 'default' | 'all' | 'effect';
  /** As the other module calls it; the module itself for `module`. */
  readonly name: string;
  /** As this module calls it; empty for `all` and `effect`. */
  readonly local: string;
  readonly typeOnly: boolean;
}

/**
 * A top-level statement with the comments that belong to it. `definition` binds names; `entry` is the main guard; `effect`
 * acts on load; `export` only lists names; `header` is a docstring or directive of the whole file.
 */
export interface MergeUnit {
  readonly kind: 'import' | 'definition' | 'entry' | 'effect' | 'export' | 'header';
  readonly names: readonly string[];
  readonly imports: readonly ImportedName[];
  /** Of `export`: from local to exported name. */
  readonly exports: readonly (readonly [string, string])[];
  readonly node: SyntaxNode;
  /** Offsets in the source, comments included. */
  readonly start: number;
  readonly end: number;
}

/** A file of one part, cut into units. */
export interface MergeSource {
  readonly text: string;
  readonly units: readonly MergeUnit[];
  readonly references: readonly SyntaxNode[];
}

/** Where merging differs between the languages. */
export interface MergeRules {
  readonly classify: (statement: SyntaxNode) => Omit<MergeUnit, 'node' | 'start' | 'end'>;
  /** All imports of a file as text, sorted and joined by module. */
  readonly renderImports: (imports: readonly ImportedName[]) => string;
  /** How `fromFile` names `toFile` in an import. */
  readonly moduleName: (fromFile: string, toFile: string, rootFolder: string) => string;
  /** Paths of the plan's files that an import in `fromFile` may mean. */
  readonly possibleFiles: (fromFile: string, module: string, rootFolder: string) => readonly string[];
  /** The declaration as it stands in the merged file; `isPublic` when other files may import it. */
  readonly declared: (own: string, node: SyntaxNode, isPublic: boolean) => string;
  /** A second name for a declaration. */
  readonly exportAlias: (local: string, name: string) => string;
  /** Names that declarations of a plan use without importing them, and where they come from. */
  readonly wellKnownImports: Readonly<Record<string, string>>;
}
