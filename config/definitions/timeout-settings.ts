import { required } from '../define-setting.ts';
import { seconds } from '../parse-values.ts';

/** How long things may take. Tests shrink them. */
export const TIMEOUT_SETTINGS = {
  firstTokenTimeout: required({
    variable: 'HYDRA_FIRST_TOKEN_TIMEOUT_SECONDS',
    summary: 'Longest wait for the first token of a call, model load included',
    // A 14b model from a slow disk into memory, and a full context read on a processor.
    defaultText: '300',
    parse: seconds(0.1, 7200),
  }),
  idleTimeout: required({
    variable: 'HYDRA_IDLE_TIMEOUT_SECONDS',
    summary: 'Longest silence between two tokens',
    // A busy processor gives one in a few seconds; a host that swaps or loads another model needs longer.
    defaultText: '60',
    parse: seconds(0.1, 3600),
  }),
  callTimeout: required({
    variable: 'HYDRA_CALL_TIMEOUT_SECONDS',
    summary: 'Longest model call as a whole',
    // 300 s until the first token and 2048 tokens at 2 a second.
    defaultText: '1320',
    parse: seconds(0.1, 14_400),
  }),
  nodeWait: required({
    variable: 'HYDRA_NODE_WAIT_SECONDS',
    summary: 'How long a call waits for a host before it fails and says what is missing',
    // Long enough to restart a machine.
    defaultText: '900',
    parse: seconds(0.1, 604_800),
  }),
  heartbeatTimeout: required({
    variable: 'HYDRA_HEARTBEAT_TIMEOUT_SECONDS',
    summary: 'A worker that is silent for so long counts as dead',
    // Measured: recovery from a kill -9 takes as long as this, and less gives false deaths on a busy machine.
    defaultText: '10',
    parse: seconds(1, 600),
  }),
  pickupTimeout: required({
    variable: 'HYDRA_PICKUP_TIMEOUT_SECONDS',
    summary: 'A granted call that no worker picks up for so long is granted anew',
    // 10 s failed one call in five on a machine at its limit.
    defaultText: '30',
    parse: seconds(1, 600),
  }),
  probeInterval: required({
    variable: 'HYDRA_PROBE_INTERVAL_SECONDS',
    summary: 'Time between two looks at each host',
    // With the timeout below and a second look after a second, a host that falls silent is known to be down in 9 s.
    defaultText: '4',
    parse: seconds(0.05, 600),
  }),
  probeTimeout: required({
    variable: 'HYDRA_PROBE_TIMEOUT_SECONDS',
    summary: 'A host that does not answer a look for so long is down',
    // The version of a living Ollama takes milliseconds, on a starved machine a second.
    defaultText: '2',
    parse: seconds(0.05, 120),
  }),
  shutdownGrace: required({
    variable: 'HYDRA_SHUTDOWN_GRACE_SECONDS',
    summary: 'Time that running steps get to end after SIGTERM; what is cut off goes on at the next start',
    // Below the 30 s after which most supervisors kill.
    defaultText: '20',
    parse: seconds(0, 3600),
  }),
} as const;
