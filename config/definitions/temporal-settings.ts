import { TEMPORAL_DEV_FILE, optional, required } from '../define-setting.ts';
import { anyText, folderPath, port } from '../parse-values.ts';

/** The Temporal server that we start, and one that we do not. */
export const TEMPORAL_SETTINGS = {
  temporalPort: required({
    variable: 'HYDRA_TEMPORAL_PORT',
    summary: 'Port of the Temporal server that Hydra starts itself',
    defaultText: '7233',
    parse: port,
    fileKey: { file: TEMPORAL_DEV_FILE, key: 'port' },
  }),
  temporalUiPort: required({
    variable: 'HYDRA_TEMPORAL_UI_PORT',
    summary: 'Port of its Web UI',
    defaultText: '8233',
    parse: port,
    fileKey: { file: TEMPORAL_DEV_FILE, key: 'ui_port' },
  }),
  temporalAddress: optional({
    variable: 'TEMPORAL_ADDRESS',
    summary: 'A Temporal server of yours, host:port; with any of these five Hydra starts none',
    parse: anyText,
  }),
  temporalNamespace: optional({
    variable: 'TEMPORAL_NAMESPACE',
    summary: 'Namespace on that server',
    parse: anyText,
  }),
  temporalApiKey: optional({
    variable: 'TEMPORAL_API_KEY',
    summary: 'API key for that server; switches TLS on',
    parse: anyText,
    secret: 'whole',
  }),
  temporalProfile: optional({
    variable: 'TEMPORAL_PROFILE',
    summary: 'Profile of temporal.toml to connect with',
    parse: anyText,
  }),
  temporalConfigFile: optional({
    variable: 'TEMPORAL_CONFIG_FILE',
    summary: "Path of temporal.toml, where it is not in Temporal's own place",
    parse: folderPath,
  }),
} as const;
