import type { FastifyInstance } from 'fastify';
import type { Clock } from '../../base/clock.js';
import type { EventHub } from '../event-hub.js';
import { AdminError } from './admin-error.js';
import { EventStream } from './event-stream.js';
import { commonErrors } from './schemas.js';

interface EventQuery {
  readonly call?: string;
}

/** `GET /events`: what happens in calls, as server-sent events, until the client or the connector goes. */
export function eventRoutes(app: FastifyInstance, events: EventHub, clock: Clock): void {
  const open = new Set<EventStream>();
  app.addHook('preClose', async () => {
    for (const stream of open) stream.end();
  });
  app.get<{ Querystring: EventQuery; Headers: { 'last-event-id'?: string } }>(
    '/events',
    {
      schema: {
        operationId: 'events',
        summary: 'Call events as they happen',
        description:
          'Server-sent events. `event` is the type, `data` the event as JSON. `gap` tells how many events were missed.',
        querystring: {
          type: 'object',
          additionalProperties: false,
          properties: {
            call: {
              type: 'string',
              minLength: 1,
              maxLength: 128,
              description: 'Only events of this call, from its beginning.',
            },
          },
        },
        headers: {
          type: 'object',
          properties: {
            'last-event-id': { type: 'string', maxLength: 64, description: 'Continue after this event.' },
          },
        },
        response: {
          200: { description: 'An endless stream.', content: { 'text/event-stream': { schema: { type: 'string' } } } },
          503: { description: 'Too many streams are open.', $ref: 'Error#' },
          ...commonErrors,
        },
      },
    },
    (request, reply) => {
      const subscription = events.subscribe({
        callId: request.query.call,
        afterId: request.headers['last-event-id'],
      });
      if (!subscription) throw new AdminError(503, 'ERR_ADMIN_BUSY', 'too many event streams are open');
      const stream = new EventStream(subscription, clock);
      open.add(stream);
      stream.once('close', () => open.delete(stream));
      return reply.type('text/event-stream; charset=utf-8').header('x-accel-buffering', 'no').send(stream);
    },
  );
}
