import { required } from '../define-setting.ts';
import { decimalNumber, mebibytes, oneOf, seconds, wholeNumber } from '../parse-values.ts';

/** How code is sampled, bounded and run. */
export const RUN_SETTINGS = {
  temperature: required({
    variable: 'HYDRA_TEMPERATURE',
    summary: 'Temperature of code candidates where the request names none',
    // Candidates must differ for selection to gain anything: 0.7 was best, 0.95 gained nothing (S*).
    defaultText: '0.7',
    parse: decimalNumber(0, 2),
  }),
  maxTokens: required({
    variable: 'HYDRA_MAX_TOKENS',
    summary: 'Longest model answer in tokens where the request names none',
    // About 200 lines of code.
    defaultText: '2048',
    parse: wholeNumber(16, 131_072),
  }),
  contextTokens: required({
    variable: 'HYDRA_CONTEXT_TOKENS',
    summary: 'Context window (num_ctx) of every call; another value makes a host reload its model',
    // Ollama's own 4096 is too small for a plan, its contracts and an answer; memory grows with it.
    defaultText: '8192',
    parse: wholeNumber(512, 1_048_576),
  }),
  limitModelCalls: required({
    variable: 'HYDRA_LIMIT_MODEL_CALLS',
    summary: 'Model calls that one run may make',
    // 8 parts with 4 candidates and 2 repairs each, and planning, take about 60.
    defaultText: '64',
    parse: wholeNumber(1, 10_000),
  }),
  limitTokens: required({
    variable: 'HYDRA_LIMIT_TOKENS',
    summary: 'Tokens that one run may use, prompts and answers together',
    // 64 calls of about 6,000 tokens.
    defaultText: '400000',
    parse: wholeNumber(100, 100_000_000),
  }),
  limitMinutes: required({
    variable: 'HYDRA_LIMIT_MINUTES',
    summary: 'Minutes after which a run ends with what is proven so far',
    // What a laptop without a graphics card needs for a request with several parts.
    defaultText: '60',
    parse: wholeNumber(1, 10_080),
  }),
  limitParts: required({
    variable: 'HYDRA_LIMIT_PARTS',
    summary: 'Parts that a plan may have',
    // Small models plan more parts than they can fit together.
    defaultText: '8',
    parse: wholeNumber(1, 64),
  }),
  limitRepairRounds: required({
    variable: 'HYDRA_LIMIT_REPAIR_ROUNDS',
    summary: 'Repair rounds per part',
    // Repair pays for two rounds on trusted failures and hardly ever after.
    defaultText: '2',
    parse: wholeNumber(0, 10),
  }),
  sandboxRunner: required({
    variable: 'HYDRA_SANDBOX',
    summary: 'What runs generated code: auto, deno, bubblewrap, or none (nothing is run, results say so)',
    defaultText: 'auto',
    parse: oneOf(['auto', 'deno', 'bubblewrap', 'none']),
  }),
  sandboxSeconds: required({
    variable: 'HYDRA_SANDBOX_SECONDS',
    summary: 'Longest run of generated code',
    // Python as WebAssembly takes up to 10 s to start on a busy machine.
    defaultText: '30',
    parse: seconds(1, 3600),
  }),
  sandboxMemory: required({
    variable: 'HYDRA_SANDBOX_MEMORY_MB',
    summary: 'Memory of one run of generated code in MiB',
    // Python as WebAssembly alone takes about 300.
    defaultText: '1024',
    parse: mebibytes(64, 1_048_576),
  }),
} as const;
