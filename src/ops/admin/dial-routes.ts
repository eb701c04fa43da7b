import type { FastifyInstance } from 'fastify';
import { isObject } from '../../base/is-object.js';
import type { Logger } from '../../flavor-api/logger.js';
import type { OutboundCallRequest } from '../outbound-calls.js';
import type { AdminControl } from './admin-control.js';
import { AdminError } from './admin-error.js';
import { clientAddress } from './client-address.js';
import { commonErrors } from './schemas.js';

const texts = (most: number, description: string) =>
  ({
    type: 'object',
    maxProperties: most,
    propertyNames: { minLength: 1, maxLength: 64 },
    additionalProperties: { type: 'string', maxLength: 2000 },
    description,
  }) as const;

const bodySchema = {
  type: 'object',
  additionalProperties: false,
  required: ['to'],
  oneOf: [{ required: ['flavor'] }, { required: ['route'] }],
  properties: {
    to: { type: 'string', minLength: 1, maxLength: 64, description: 'The number to call, such as +44 20 7946 0000.' },
    from: {
      type: 'string',
      pattern: "^[A-Za-z0-9_.!~*'()+&=-]{1,64}$",
      description: 'The number the call comes from. Default: outbound.from.',
    },
    flavor: {
      type: 'string',
      minLength: 1,
      maxLength: 128,
      description: 'The agent that talks, by its name in flavors.',
    },
    route: {
      type: 'string',
      minLength: 1,
      maxLength: 128,
      description: 'In place of flavor: the call is talked as by the route that answers this number.',
    },
    greeting: {
      anyOf: [{ type: 'string', minLength: 1, maxLength: 2000 }, { const: false }],
      description:
        'What the agent says first, in place of what its route says; false: nothing, who is called speaks first.',
    },
    variables: texts(50, 'Values for {{name}} in texts; they come before those of the route.'),
    headers: texts(32, 'SIP header fields of the INVITE.'),
    ringSeconds: { type: 'number', exclusiveMinimum: 0, maximum: 600, description: 'Default: outbound.ringSeconds.' },
  },
} as const;

const NO_OBJECT = 'the body must be a JSON object, sent with content-type: application/json';

/** Told before what is missing: `flavour` is why there is no `flavor`. */
function unknownKeyOf(body: object): string | undefined {
  const key = Object.keys(body).find((name) => !Object.hasOwn(bodySchema.properties, name));
  if (key === undefined) return undefined;
  return `the body has no key ${JSON.stringify(key.slice(0, 64))}: there are ${Object.keys(bodySchema.properties).join(', ')}`;
}

type SchemaErrors = readonly {
  readonly keyword: string;
  readonly instancePath: string;
  readonly message?: string;
}[];

/** What is wrong with a body, in words that name the key. No value is repeated: it may be a number. */
function complaintOf(errors: SchemaErrors): string {
  const [first] = errors;
  if (first === undefined || errors.some(({ keyword }) => keyword === 'oneOf')) {
    return 'the body must have flavor or route, and not both';
  }
  const key = first.instancePath.slice(1).replaceAll('/', '.');
  return `${key === '' ? 'the body' : key} ${first.message ?? 'is not as it must be'}`;
}

/** `POST /calls`: the only route that reads a body. */
export async function dialRoutes(app: FastifyInstance, control: AdminControl, log: Logger): Promise<void> {
  await app.register(async (scope) => {
    scope.addContentTypeParser(
      'application/json',
      { parseAs: 'string' },
      // A key __proto__ is a mistake to be told, like any other unknown one.
      scope.getDefaultJsonParser('error', 'error'),
    );
    scope.post<{ Body: OutboundCallRequest }>(
      '/calls',
      {
        preValidation: (request, _reply, done) => {
          const problem = isObject(request.body) ? unknownKeyOf(request.body) : NO_OBJECT;
          if (problem === undefined) done();
          else done(new AdminError(400, 'ERR_ADMIN_REQUEST', problem));
        },
        schemaErrorFormatter: (errors) => new Error(complaintOf(errors)),
        schema: {
          operationId: 'makeCall',
          summary: 'Calls somebody',
          description:
            'Answers as soon as the call is begun. What becomes of it is told by its events: call-progress, call-answered, call-ended.',
          body: bodySchema,
          response: {
            202: {
              description: 'The call is being made.',
              type: 'object',
              required: ['id'],
              properties: { id: { type: 'string', description: 'As in GET /calls and in events.' } },
            },
            400: { description: 'The body is malformed.', $ref: 'Error#' },
            403: { description: 'The number is not in outbound.allow.', $ref: 'Error#' },
            422: {
              description: 'There is no such flavor or route, or a variable or header field may not be set.',
              $ref: 'Error#',
            },
            503: { description: 'Draining, or the SIP driver is down.', $ref: 'Error#' },
            ...commonErrors,
            429: { description: 'Too many outbound calls, or wrong tokens from this address.', $ref: 'Error#' },
          },
        },
      },
      async (request, reply) => {
        const outcome = await control.dial(request.body);
        if (!outcome.ok) throw new AdminError(outcome.status, outcome.code, outcome.message, outcome.retryAfterSeconds);
        log.info({ call: outcome.id, address: clientAddress(request) }, 'call made by an admin request');
        return reply.code(202).send({ id: outcome.id });
      },
    );
  });
}
