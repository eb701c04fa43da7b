import type { FastifyInstance } from 'fastify';
import type { Logger } from '../../flavor-api/logger.js';
import type { AdminControl } from './admin-control.js';
import { AdminError } from './admin-error.js';
import { clientAddress } from './client-address.js';
import { commonErrors } from './schemas.js';

/** `POST /reload` and `POST /drain`. */
export function controlRoutes(app: FastifyInstance, control: AdminControl, log: Logger): void {
  app.post(
    '/reload',
    {
      schema: {
        operationId: 'reload',
        summary: 'Reads the configuration file again, as SIGHUP does',
        response: {
          200: {
            description: 'The new configuration is in force; calls that are up keep the old one.',
            type: 'object',
            required: ['ok', 'warnings'],
            properties: { ok: { type: 'boolean' }, warnings: { type: 'array', items: { type: 'string' } } },
          },
          422: { description: 'The new configuration has mistakes: the old one stays in force.', $ref: 'Error#' },
          ...commonErrors,
        },
      },
    },
    async (request) => {
      log.info({ address: clientAddress(request) }, 'reload asked for by an admin request');
      const result = await control.reload();
      if (!result.ok) throw new AdminError(422, 'ERR_CONFIG_INVALID', result.errors);
      return { ok: true, warnings: result.warnings };
    },
  );
  app.post(
    '/drain',
    {
      schema: {
        operationId: 'drain',
        summary: 'Takes no more calls and ends with the last one, as SIGTERM does',
        response: {
          202: {
            description: 'New calls are refused from now on.',
            type: 'object',
            required: ['draining'],
            properties: { draining: { type: 'boolean' } },
          },
          ...commonErrors,
        },
      },
    },
    (request, reply) => {
      log.info({ address: clientAddress(request) }, 'drain asked for by an admin request');
      control.drain();
      return reply.code(202).send({ draining: true });
    },
  );
}
