import type { SyntaxNode } from './syntax.ts';

/** A place where code was left out, and why that is believed. */
export interface Gap {
  readonly node: SyntaxNode;
  readonly reason: string;
}
