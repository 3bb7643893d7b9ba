/**
 * Identifiers of the system, branded so that one kind cannot be passed for another.
 * Each is a plain string on the wire.
 */
declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** Public ID of one request; it is the Temporal workflow ID. */
export type RunId = Branded<'RunId'>;
/** ID of one part of a plan, unique within its run; the whole program has the part ID `whole`. */
export type PartId = Branded<'PartId'>;
/** ID of one Ollama host. */
export type NodeId = Branded<'NodeId'>;
/** Key under which the first accepted result of one step is stored; see `step-key.ts`. */
export type StepKey = Branded<'StepKey'>;
/** Lower-case hexadecimal SHA-256 of a content; large text travels by it. */
export type ContentHash = Branded<'ContentHash'>;
/** ID of what memory keeps under one key; see `entry-id.ts`. */
export type EntryId = Branded<'EntryId'>;

/** The part ID of a candidate for the whole program. */
export const WHOLE_PROGRAM = 'whole' as PartId;
