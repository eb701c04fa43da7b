import type { FastifyInstance } from 'fastify';
import type { AdminControl } from './admin-control.js';
import { withoutToken } from './schemas.js';

/** Paths that need no token: supervisors and load balancers ask them. */
export const openPaths: ReadonlySet<string> = new Set(['/livez', '/readyz']);

/** `/livez`: the process answers. `/readyz`: it takes calls; 503 while draining or without a signaling driver. */
export function healthRoutes(app: FastifyInstance, control: AdminControl): void {
  app.get(
    '/livez',
    {
      exposeHeadRoute: true,
      schema: {
        ...withoutToken,
        operationId: 'livez',
        summary: 'Whether the process is alive',
        response: { 200: { type: 'object', required: ['alive'], properties: { alive: { type: 'boolean' } } } },
      },
    },
    () => ({ alive: true }),
  );
  app.get(
    '/readyz',
    {
      exposeHeadRoute: true,
      schema: {
        ...withoutToken,
        operationId: 'readyz',
        summary: 'Whether new calls are taken',
        response: {
          200: { description: 'They are.', $ref: 'Readiness#' },
          503: { description: 'They are not: draining, or a driver is down.', $ref: 'Readiness#' },
        },
      },
    },
    (_request, reply) => {
      const { ready, reasons } = control.ready();
      return reply.code(ready ? 200 : 503).send({ ready, reasons });
    },
  );
}
