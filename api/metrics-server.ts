import { OpenAPIHono } from '@hono/zod-openapi';
import { checkHost, listAllowedHosts } from './guard-requests.ts';
import { addMetricsRoute } from './metrics-route.ts';
import { openServer, type ListenOptions, type RunningServer } from './server.ts';

export interface MetricsServerOptions extends Omit<ListenOptions, 'portSetting'> {
  readonly allowedHosts: readonly string[];
  metrics(): Promise<string>;
}

/** Serves `GET /metrics` and nothing else, for a process without the API. Errors: RequestRejected for an address that cannot be used. */
export function startMetricsServer(options: MetricsServerOptions): Promise<RunningServer> {
  const app = new OpenAPIHono();
  app.use(checkHost(listAllowedHosts(options.host, options.allowedHosts)));
  addMetricsRoute(app, options);
  return openServer(app.fetch, { ...options, portSetting: 'HYDRA_METRICS_PORT' });
}
