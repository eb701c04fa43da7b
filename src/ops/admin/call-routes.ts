import type { FastifyInstance } from 'fastify';
import type { Logger } from '../../flavor-api/logger.js';
import type { AdminControl } from './admin-control.js';
import { AdminError } from './admin-error.js';
import { callParamsSchema, commonErrors } from './schemas.js';

interface CallParams {
  readonly id: string;
}

const noSuchCall = { description: 'There is no such call.', $ref: 'Error#' } as const;

/** The calls in progress: list, look at one, hang one up. */
export function callRoutes(app: FastifyInstance, control: AdminControl, log: Logger): void {
  app.get(
    '/calls',
    {
      schema: {
        operationId: 'listCalls',
        summary: 'Calls in progress',
        response: {
          200: {
            description: 'All of them, the oldest first.',
            type: 'object',
            required: ['calls'],
            properties: { calls: { type: 'array', items: { $ref: 'Call#' } } },
          },
          ...commonErrors,
        },
      },
    },
    () => ({ calls: control.calls() }),
  );
  app.get<{ Params: CallParams }>(
    '/calls/:id',
    {
      schema: {
        operationId: 'getCall',
        summary: 'One call in progress',
        params: callParamsSchema,
        response: { 200: { description: 'The call.', $ref: 'Call#' }, 404: noSuchCall, ...commonErrors },
      },
    },
    (request) => {
      const call = control.call(request.params.id);
      if (!call) throw unknownCall();
      return call;
    },
  );
  app.delete<{ Params: CallParams }>(
    '/calls/:id',
    {
      schema: {
        operationId: 'hangUpCall',
        summary: 'Hangs a call up',
        params: callParamsSchema,
        response: {
          202: {
            description: 'The call is being ended; its record will say `admin`.',
            type: 'object',
            required: ['id'],
            properties: { id: { type: 'string' } },
          },
          404: noSuchCall,
          ...commonErrors,
        },
      },
    },
    (request, reply) => {
      const { id } = request.params;
      if (!control.hangUp(id)) throw unknownCall();
      log.info({ call: id, address: request.ip }, 'call hung up by an admin request');
      return reply.code(202).send({ id });
    },
  );
}

function unknownCall(): AdminError {
  return new AdminError(404, 'ERR_ADMIN_NOT_FOUND', 'there is no such call in progress');
}
