import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { callSchema, commonErrors, errorSchema, readinessSchema } from './schemas.js';

/** Registers the shared schemas and the generator. Before any route. */
export async function registerOpenApi(app: FastifyInstance): Promise<void> {
  for (const schema of [callSchema, errorSchema, readinessSchema]) app.addSchema(schema);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Voice connector admin', version: '1' },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      security: [{ token: [] }],
    },
    refResolver: { buildLocalReference: (json, _base, _fragment, index) => String(json['$id'] ?? `schema-${index}`) },
  });
}

/** `GET /openapi.json`: the description of all routes, generated from their schemas. */
export function openApiRoutes(app: FastifyInstance): void {
  app.get(
    '/openapi.json',
    {
      schema: {
        operationId: 'openapi',
        summary: 'This description',
        response: { 200: { description: 'OpenAPI 3.1.', type: 'object', additionalProperties: true }, ...commonErrors },
      },
    },
    () => app.swagger(),
  );
}
