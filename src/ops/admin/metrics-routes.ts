import type { FastifyInstance } from 'fastify';
import type { Metrics } from '../metrics.js';
import { commonErrors } from './schemas.js';

/** `GET /metrics`, for Prometheus. */
export function metricsRoutes(app: FastifyInstance, metrics: Metrics): void {
  app.get(
    '/metrics',
    {
      schema: {
        operationId: 'metrics',
        summary: "All metrics in Prometheus' text format",
        response: {
          200: { description: 'Metrics.', content: { 'text/plain': { schema: { type: 'string' } } } },
          ...commonErrors,
        },
      },
    },
    async (_request, reply) => {
      const { contentType, text } = await metrics.render();
      return reply.type(contentType).send(text);
    },
  );
}
