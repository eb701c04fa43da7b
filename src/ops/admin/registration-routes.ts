import type { FastifyInstance } from 'fastify';
import { type AdminControl, registrationStates } from './admin-control.js';
import { commonErrors } from './schemas.js';

const registrationSchema = {
  type: 'object',
  required: ['registrar', 'user', 'state', 'expiresAt', 'failure'],
  properties: {
    registrar: { type: 'string', description: 'SIP URI of the PBX.' },
    user: { type: 'string', description: 'The extension.' },
    state: { type: 'string', enum: registrationStates },
    expiresAt: { type: ['string', 'null'], format: 'date-time', description: 'Null: the PBX does not know us.' },
    failure: { type: ['string', 'null'], description: 'Why the last attempt failed.' },
  },
} as const;

/** `GET /registrations`: the extensions that the connector is registered as. */
export function registrationRoutes(app: FastifyInstance, control: AdminControl): void {
  app.get(
    '/registrations',
    {
      schema: {
        operationId: 'listRegistrations',
        summary: 'Extensions that the connector is registered as, or tries to be',
        response: {
          200: {
            description: 'In the order of the configuration.',
            type: 'object',
            required: ['registrations'],
            properties: { registrations: { type: 'array', items: registrationSchema } },
          },
          ...commonErrors,
        },
      },
    },
    () => ({ registrations: control.registrations() }),
  );
}
