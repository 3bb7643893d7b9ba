import { required } from '../define-setting.ts';
import { ports, seconds, trueOrFalse } from '../parse-values.ts';

/** Hosts that are looked for. The two names are those of the Python Hydra. */
export const DISCOVERY_SETTINGS = {
  discoveryEnabled: required({
    variable: 'SOLLOL_DISCOVERY_ENABLED',
    summary: 'Also looks for Ollama hosts on this machine and in its private subnets: true or false',
    // Asking every machine of a network who it is, uninvited, is for the owner of the network to allow.
    defaultText: 'false',
    parse: trueOrFalse,
  }),
  discoveryTimeout: required({
    variable: 'SOLLOL_DISCOVERY_TIMEOUT',
    summary: 'Longest look through all subnets, in seconds; what was not reached comes first the next time',
    // 254 silent addresses, 32 at once, take 8 s at a second each.
    defaultText: '10',
    parse: seconds(1, 600),
  }),
  discoveryPorts: required({
    variable: 'HYDRA_DISCOVERY_PORTS',
    summary: 'Ports on which an Ollama is looked for, between commas',
    defaultText: '11434',
    // Each one makes a look as much longer.
    parse: ports(8),
  }),
  discoveryInterval: required({
    variable: 'HYDRA_DISCOVERY_INTERVAL_SECONDS',
    summary: 'Time from one look for hosts to the next',
    // A new machine is used within a minute; 254 small packets a minute disturb nobody.
    defaultText: '60',
    parse: seconds(1, 86_400),
  }),
} as const;
