import { z } from 'zod';

const afterTokens = z.int().min(0);
const common = {
  /** Only calls for this model; absent: all. */
  model: z.string().optional(),
  /** How many calls it hits; absent: until it is cleared. */
  times: z.int().min(1).optional(),
  /** Hits only this share of these calls, evenly spread; absent: each of them. */
  share: z.number().gt(0).lt(1).optional(),
};

/** Every way in which the node can misbehave; also the form of `POST /simulated/faults`. */
export const simulatedFaultSchema = z.discriminatedUnion('kind', [
  /** The connection is reset after so many tokens. */
  z.strictObject({ kind: z.literal('die_mid_stream'), afterTokens, ...common }),
  /** The call is accepted and nothing comes. With `everywhere` also the quick questions. */
  z.strictObject({ kind: z.literal('never_answer'), everywhere: z.boolean().optional(), ...common }),
  z.strictObject({ kind: z.literal('stall_mid_stream'), afterTokens, ...common }),
  z.strictObject({ kind: z.literal('end_without_done'), afterTokens, ...common }),
  /** The answer ends early with this reason; `length` is Ollama's word for the token limit. */
  z.strictObject({ kind: z.literal('done_reason'), reason: z.string(), afterTokens, ...common }),
  z.strictObject({ kind: z.literal('error_line'), message: z.string(), afterTokens, ...common }),
  z.strictObject({ kind: z.literal('http_error'), status: z.int().min(400).max(599), message: z.string(), ...common }),
  /** The host does not have the model; for a pull: its registry does not. */
  z.strictObject({ kind: z.literal('model_missing'), ...common }),
  /** The model does not fit into the memory; with `fitsContextTokens` it does with a context of at most that many tokens. */
  z.strictObject({ kind: z.literal('out_of_memory'), fitsContextTokens: z.int().min(0).optional(), ...common }),
  /** A pull ends after so many bytes of the model, with the words of a full disk. */
  z.strictObject({ kind: z.literal('disk_full'), afterBytes: z.int().min(0), ...common }),
  /** A pull finds no registry. */
  z.strictObject({ kind: z.literal('registry_away'), ...common }),
  z.strictObject({ kind: z.literal('invalid_utf8'), ...common }),
  z.strictObject({ kind: z.literal('huge_line'), bytes: z.int().min(1), ...common }),
  /** The text comes again and again until the token limit of the call. */
  z.strictObject({ kind: z.literal('repeat'), text: z.string().min(1), ...common }),
  /** Everything takes so many times as long. */
  z.strictObject({ kind: z.literal('slow'), factor: z.number().positive(), ...common }),
  /** The node says that it read only so many tokens of the prompt. */
  z.strictObject({ kind: z.literal('cut_prompt'), promptTokens: z.int().min(0), ...common }),
  /** As models that do not think: the word `think` is refused. */
  z.strictObject({ kind: z.literal('refuse_think'), ...common }),
]);

export type SimulatedFault = z.infer<typeof simulatedFaultSchema>;
export type FaultKind = SimulatedFault['kind'];

/** The faults that are in force. */
export interface FaultBook {
  add(fault: SimulatedFault): void;
  clear(): void;
  list(): readonly SimulatedFault[];
}

/** The faults that hit one call. */
export interface CallFaults {
  find<Kind extends FaultKind>(kind: Kind): Extract<SimulatedFault, { kind: Kind }> | undefined;
}

/** Keeps the faults, and gives each call those that hit it. */
export function createFaultBook(initial: readonly SimulatedFault[]): FaultBook & { hit(model: string): CallFaults } {
  let entries = initial.map(createEntry);
  return {
    add: (fault) => entries.push(createEntry(fault)),
    clear: () => {
      entries = [];
    },
    list: () => entries.map((entry) => entry.fault),
    hit(model) {
      const hits = entries.filter((entry) => isHit(entry, model));
      for (const entry of hits) entry.left -= 1;
      entries = entries.filter((entry) => entry.left > 0);
      return { find: (kind) => hits.find(({ fault }) => fault.kind === kind)?.fault as never };
    },
  };
}

interface Entry {
  readonly fault: SimulatedFault;
  left: number;
  /** Calls that it could have hit. */
  seen: number;
}

function createEntry(fault: SimulatedFault): Entry {
  return { fault, left: fault.times ?? Infinity, seen: 0 };
}

/** Of a share of 0.3, the 4th, 7th, 10th call and so on. */
function isHit(entry: Entry, model: string): boolean {
  const { fault, seen } = entry;
  if (fault.model !== undefined && fault.model !== model) return false;
  entry.seen += 1;
  const { share = 1 } = fault;
  return Math.floor((seen + 1) * share) > Math.floor(seen * share);
}
