import type { AddressInfo, Socket } from 'node:net';
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Clock } from '../base/clock.js';
import { ConnectorError, errorCode, errorMessage } from '../base/connector-error.js';
import type { Random } from '../base/random.js';
import type { Logger } from '../flavor-api/logger.js';
import type { AdminControl } from './admin/admin-control.js';
import { AdminError, commonHeaders, errorBody, sendError } from './admin/admin-error.js';
import { Authentication } from './admin/authentication.js';
import { callRoutes } from './admin/call-routes.js';
import { clientAddress, isLoopbackAddress } from './admin/client-address.js';
import { shareConnections } from './admin/connection-share.js';
import { controlRoutes } from './admin/control-routes.js';
import { dialRoutes } from './admin/dial-routes.js';
import { eventRoutes } from './admin/event-routes.js';
import { healthRoutes, openPaths } from './admin/health-routes.js';
import { metricsRoutes } from './admin/metrics-routes.js';
import { openApiRoutes, registerOpenApi } from './admin/openapi.js';
import { registrationRoutes } from './admin/registration-routes.js';
import { adminToken } from './admin-token.js';
import type { EventHub } from './event-hub.js';
import type { Metrics } from './metrics.js';

export interface AdminServerOptions {
  /** Port 0 takes any free one. */
  readonly listen: { readonly host: string; readonly port: number };
  /** `admin.token` of the configuration. */
  readonly token: string | undefined;
  /** Where a random token is kept when none is configured. */
  readonly tokenFile: string;
  readonly limits?: Partial<AdminLimits>;
}

/** What a client may hold of the server. */
type AdminLimits = { readonly [Name in keyof typeof adminServerDefaults]: number };

export interface AdminServerDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly events: EventHub;
}

/** The admin interface, listening. */
export interface AdminServer extends AsyncDisposable {
  readonly listening: { readonly address: string; readonly port: number };
  /** Ends event streams, lets answers under way finish, then closes. Idempotent. */
  close(): Promise<void>;
}

export const adminServerDefaults = {
  bodyBytes: 64 * 1024,
  headerBytes: 8 * 1024,
  connections: 64,
  /** Of them, of one address: what is left is for others, such as a supervisor that asks whether we live. */
  connectionsPerSource: 48,
  /** From the first byte of a request to its last header, and to its end. */
  headersTimeoutMs: 5000,
  requestTimeoutMs: 10_000,
  keepAliveMs: 10_000,
  /** A connection on which nothing moves; event streams have their heartbeat. */
  idleMs: 60_000,
  /** How often Node looks for requests that are late. */
  lateCheckMs: 1000,
  /** What close waits for answers and slow readers. */
  closeGraceMs: 1000,
} as const satisfies Record<string, number>;

/**
 * Starts the admin interface. Everything but `/livez` and `/readyz` wants the bearer token, unknown paths too.
 *
 * Throws `ERR_CONFIG_INVALID` when it would listen beyond loopback without a configured token, or with one that no
 * header can carry, and `ERR_LISTEN` when the address cannot be bound.
 */
export async function createAdminServer(
  options: AdminServerOptions,
  control: AdminControl,
  deps: AdminServerDeps,
): Promise<AdminServer> {
  const { clock, log, metrics } = deps;
  const authentication = new Authentication(await tokenFor(options, deps), clock);
  const limits = { ...adminServerDefaults, ...options.limits };
  const app = createApp(authentication, limits, log);
  app.addHook('onResponse', async (request, reply) => {
    const { method } = request;
    const route = request.routeOptions.url;
    metrics.countAdminRequest({ method, route, status: reply.statusCode });
    log.debug({ method, route, status: reply.statusCode }, 'admin request');
  });
  await registerOpenApi(app);
  healthRoutes(app, control);
  metricsRoutes(app, metrics);
  callRoutes(app, control, log);
  await dialRoutes(app, control, log);
  registrationRoutes(app, control);
  eventRoutes(app, deps.events, clock);
  controlRoutes(app, control, log);
  openApiRoutes(app);

  const { host, port } = options.listen;
  try {
    await app.listen({ host: host === 'localhost' ? '127.0.0.1' : host, port });
  } catch (error) {
    await app.close();
    throw new ConnectorError('ERR_LISTEN', `admin ${host}:${port}: ${errorMessage(error)}`, { cause: error });
  }
  const bound = app.server.address() as AddressInfo;
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= closeApp(app, limits.closeGraceMs, clock);
    return closing;
  };
  return { listening: { address: bound.address, port: bound.port }, close, [Symbol.asyncDispose]: close };
}

function createApp(authentication: Authentication, limits: AdminLimits, log: Logger): FastifyInstance {
  const app = fastify({
    logger: false,
    bodyLimit: limits.bodyBytes,
    connectionTimeout: limits.idleMs,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveMs,
    http: {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headersTimeoutMs,
      connectionsCheckingInterval: limits.lateCheckMs,
    },
    routerOptions: { maxParamLength: 256 },
    exposeHeadRoutes: false,
    // An unknown query parameter is a mistake to be told, not to be dropped.
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false } },
    frameworkErrors: (error, request, reply) => {
      // No hook has run for a path that cannot even be read.
      if (authenticate(authentication, log, request, reply)) sendRequestError(reply, error.statusCode ?? 400);
    },
    clientErrorHandler: answerUnreadable,
  });
  app.server.maxConnections = limits.connections;
  shareConnections(app.server, limits.connectionsPerSource);
  // A route that takes a body says so itself; whatever else comes is read up to the limit and ignored.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, _body, done) => done(null, undefined));
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(commonHeaders);
    if (openPaths.has(request.routeOptions.url ?? '') || authenticate(authentication, log, request, reply)) done();
  });
  app.setNotFoundHandler((_request, reply) => {
    sendError(reply, 404, 'ERR_ADMIN_NOT_FOUND', 'there is no such path');
  });
  app.setErrorHandler((error: FastifyError | AdminError, request, reply) => {
    if (error instanceof AdminError) {
      if (error.retryAfterSeconds !== undefined) void reply.header('retry-after', error.retryAfterSeconds);
      sendError(reply, error.status, error.code, error.message);
    } else if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) {
      sendRequestError(reply, error.statusCode, error.validation ? error.message : undefined);
    } else {
      log.error({ route: request.routeOptions.url, error }, 'an admin request failed');
      sendError(reply, 500, 'ERR_ADMIN_INTERNAL', 'the request failed inside the connector');
    }
  });
  return app;
}

/** @returns Whether the request may go on; if not, it has been answered. */
function authenticate(
  authentication: Authentication,
  log: Logger,
  request: FastifyRequest,
  reply: FastifyReply,
): boolean {
  const address = clientAddress(request);
  const result = authentication.check(request.headers.authorization, address, request.ip);
  if (result.ok) return true;
  if (result.status === 429) {
    void reply.header('retry-after', result.retryAfterSeconds);
    sendError(reply, 429, 'ERR_ADMIN_RATE_LIMITED', 'too many requests with a wrong token');
    return false;
  }
  if (result.guessed) log.warn({ address }, 'an admin request came with a wrong token');
  void reply.header('www-authenticate', result.challenge);
  sendError(reply, 401, 'ERR_ADMIN_UNAUTHORIZED', 'this needs the admin token');
  return false;
}

const requestErrors: Readonly<Record<number, string>> = {
  413: 'the body is too large',
  414: 'the path is too long',
  415: 'the content type is not understood',
};

function sendRequestError(reply: FastifyReply, status: number, message?: string): void {
  sendError(reply, status, 'ERR_ADMIN_REQUEST', message ?? requestErrors[status] ?? 'the request is malformed');
}

/** What is not HTTP, or too much or too slow of it, before there is a request. */
function answerUnreadable(error: Error, socket: Socket): void {
  const code = errorCode(error);
  if (code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, message] =
    code === 'HPE_HEADER_OVERFLOW'
      ? ['431 Request Header Fields Too Large', 'the header is too large']
      : code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? ['408 Request Timeout', 'the request took too long']
        : ['400 Bad Request', 'the request is malformed'];
  const body = JSON.stringify(errorBody('ERR_ADMIN_REQUEST', message));
  const headers = { ...commonHeaders, 'content-type': 'application/json; charset=utf-8', connection: 'close' };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status}\r\n${lines.join('')}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}

async function tokenFor(options: AdminServerOptions, deps: AdminServerDeps): Promise<string> {
  const { token, listen, tokenFile } = options;
  if (token === undefined) {
    if (isLoopback(listen.host)) return adminToken(tokenFile, deps);
    const message = `admin.listen ${listen.host} can be reached from outside: set admin.token, or listen on 127.0.0.1`;
    throw new ConnectorError('ERR_CONFIG_INVALID', message);
  }
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new ConnectorError('ERR_CONFIG_INVALID', 'admin.token must be printable ASCII without spaces, and not empty');
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || isLoopbackAddress(host);
}

async function closeApp(app: FastifyInstance, graceMs: number, clock: Clock): Promise<void> {
  const late = clock.setTimeout(() => app.server.closeAllConnections(), graceMs);
  try {
    await app.close();
  } finally {
    clock.clearTimeout(late);
  }
}
