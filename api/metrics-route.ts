import { createRoute, z } from '@hono/zod-openapi';
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { ApiDeps } from './api-deps.ts';

/** As Prometheus names its own text format. */
const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

const metricsRoute = createRoute({
  method: 'get',
  path: '/metrics',
  summary: 'What this process has counted and measured, for Prometheus',
  responses: {
    200: { description: 'Prometheus text.', content: { 'text/plain': { schema: z.string() } } },
  },
});

/** `GET /metrics`. */
export function addMetricsRoute(app: OpenAPIHono, { metrics }: Pick<ApiDeps, 'metrics'>): void {
  app.openapi(metricsRoute, async (context) => context.text(await metrics(), 200, { 'Content-Type': METRICS_TYPE }));
}
