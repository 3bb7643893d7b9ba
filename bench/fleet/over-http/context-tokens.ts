/** `num_ctx` of every call: room for the longest prompt and answer of the workloads, so that nothing is cut. */
export const CONTEXT_TOKENS = 16_384;
