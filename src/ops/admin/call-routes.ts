import type { FastifyInstance } from 'fastify';
import type { Logger } from '../../flavor-api/logger.js';
import type { AdminControl } from './admin-control.js';
import { AdminError } from './admin-error.js';
import { clientAddress } from './client-address.js';
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
      log.info({ call: id, address: clientAddress(request) }, 'call hung up by an admin request');
      return reply.code(202).send({ id });
    },
  );
  for (const action of ['pause', 'resume'] as const) recordingRoute(app, control, log, action);
}

function recordingRoute(app: FastifyInstance, control: AdminControl, log: Logger, action: 'pause' | 'resume'): void {
  const state = action === 'pause' ? 'paused' : 'recording';
  app.post<{ Params: CallParams }>(
    `/calls/:id/recording/${action}`,
    {
      schema: {
        operationId: `${action}Recording`,
        summary: action === 'pause' ? 'Leaves what is said out of the recording' : 'Goes on with the recording',
        params: callParamsSchema,
        response: {
          200: {
            description: 'Done, from this moment on.',
            type: 'object',
            required: ['id', 'recording'],
            properties: { id: { type: 'string' }, recording: { type: 'string', enum: ['paused', 'recording'] } },
          },
          404: noSuchCall,
          409: { description: 'The call is not recorded.', $ref: 'Error#' },
          ...commonErrors,
        },
      },
    },
    (request) => {
      const { id } = request.params;
      const done = control.pauseRecording(id, action === 'pause');
      if (done === undefined) throw unknownCall();
      if (!done) throw new AdminError(409, 'ERR_ADMIN_NOT_RECORDED', 'this call is not recorded');
      log.info(
        { call: id, address: clientAddress(request), recording: state },
        'recording changed by an admin request',
      );
      return { id, recording: state };
    },
  );
}

function unknownCall(): AdminError {
  return new AdminError(404, 'ERR_ADMIN_NOT_FOUND', 'there is no such call in progress');
}
