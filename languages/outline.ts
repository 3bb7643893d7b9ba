/** One parameter as declared. */
export interface Parameter {
  readonly name: string;
  /** Source text of the annotation; null when there is none. */
  readonly type: string | null;
  /** True when a call may leave it out: it has a default or is marked optional. */
  readonly optional: boolean;
  /** True for `*args` and `...rest`. */
  readonly variadic: boolean;
  /** True when it can be passed only by name. */
  readonly keywordOnly: boolean;
}

export type SymbolKind = 'function' | 'class' | 'type' | 'constant';

/** A function or method. */
export interface Callable {
  readonly name: string;
  /** The receiver (`self`, `cls`, `this`) is left out. */
  readonly parameters: readonly Parameter[];
}

/** One name that a module declares at its top level. Lines count from 1. */
export interface DeclaredSymbol {
  readonly name: string;
  readonly kind: SymbolKind;
  /** Python: no leading underscore. TypeScript and JavaScript: exported. */
  readonly exported: boolean;
  /** Of the function, or of the class's constructor; null for types, constants and classes without one. */
  readonly parameters: readonly Parameter[] | null;
  /** Methods of a class, the constructor left out. */
  readonly methods: readonly Callable[];
  readonly line: number;
}

/** One import. `names` are the local names it binds; `*` for everything. */
export interface ModuleImport {
  readonly module: string;
  readonly names: readonly string[];
  /** The names as the other module exports them, where they are known. */
  readonly importedNames?: readonly string[];
  readonly line: number;
}

/** A top-level statement that does something when the module is loaded. */
export interface SideEffect {
  readonly line: number;
  readonly text: string;
}

/** What one source file declares, imports and does on load. */
export interface Outline {
  readonly symbols: readonly DeclaredSymbol[];
  readonly imports: readonly ModuleImport[];
  readonly sideEffects: readonly SideEffect[];
}
