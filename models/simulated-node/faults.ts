import { z } from 'zod';

const afterTokens = z.int().min(0);
const common = {
  /** Only calls for this model; absent: all. */
  model: z.string().optional(),
  /** How many calls it hits; absent: until it is cleared. */
  times: z.int().min(1).optional(),
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
  z.strictObject({ kind: z.literal('model_missing'), ...common }),
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
  let entries = initial.map((fault) => ({ fault, left: fault.times ?? Infinity }));
  return {
    add: (fault) => entries.push({ fault, left: fault.times ?? Infinity }),
    clear: () => {
      entries = [];
    },
    list: () => entries.map((entry) => entry.fault),
    hit(model) {
      const hits = entries.filter(({ fault }) => fault.model === undefined || fault.model === model);
      for (const entry of hits) entry.left -= 1;
      entries = entries.filter((entry) => entry.left > 0);
      return { find: (kind) => hits.find(({ fault }) => fault.kind === kind)?.fault as never };
    },
  };
}
