/** JSON Schemas of what crosses the admin interface. They shape the answers, and describe them in OpenAPI. */

const text = { type: 'string' } as const;
const textOrNull = { type: ['string', 'null'] } as const;

export const callSchema = {
  $id: 'Call',
  type: 'object',
  description: 'A call in progress.',
  required: [
    'id',
    'direction',
    'from',
    'to',
    'route',
    'flavor',
    'codec',
    'state',
    'startedAt',
    'answeredAt',
    'durationMs',
    'turns',
    'v2vMs',
  ],
  properties: {
    id: text,
    direction: { type: 'string', enum: ['inbound', 'outbound'] },
    from: { type: 'string', description: 'User part of the caller. Personal data.' },
    to: { type: 'string', description: 'User part that was called. Personal data.' },
    route: { type: ['string', 'null'], description: 'Index and pattern of the route.' },
    flavor: textOrNull,
    codec: textOrNull,
    state: text,
    startedAt: { type: 'string', format: 'date-time' },
    answeredAt: { type: ['string', 'null'], format: 'date-time' },
    durationMs: { type: 'number', description: 'Since the answer; 0 before it.' },
    turns: { type: 'integer', description: 'Answers of the agent so far.' },
    v2vMs: { type: ['number', 'null'], description: 'Voice-to-voice latency of the latest answer.' },
  },
} as const;

export const errorSchema = {
  $id: 'Error',
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message'],
      properties: { code: { type: 'string', description: 'Stable; docs/errors.md explains it.' }, message: text },
    },
  },
} as const;

export const readinessSchema = {
  $id: 'Readiness',
  type: 'object',
  required: ['ready', 'reasons'],
  properties: {
    ready: { type: 'boolean' },
    reasons: { type: 'array', items: text, description: 'Why no new calls are taken.' },
  },
} as const;

/** The path parameter that names a call. */
export const callParamsSchema = {
  type: 'object',
  required: ['id'],
  properties: { id: { type: 'string', minLength: 1, maxLength: 128 } },
} as const;

/** Answers that any route behind the token may give. */
export const commonErrors = {
  401: { description: 'No token, or a wrong one.', $ref: 'Error#' },
  429: { description: 'Too many wrong tokens from this address.', $ref: 'Error#' },
} as const;

/** Marks a route as open to everybody. */
export const withoutToken = { security: [] } as const;
