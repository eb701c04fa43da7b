import { existsSync, readFileSync } from 'node:fs';
import { ConnectorProcess } from '../support/connector-process.js';
import { ADMIN_TOKEN, embeddedSignaling, knownConfig, partnerConfig } from './known-config.js';
import { Exchange } from './peer/exchange.js';
import { type SocketAddress, type Transport, transports } from './peer/sip-socket.js';
import type { DriverName, Partner } from './scenario.js';
import type { SeenRecord, Subject } from './subject.js';

/** Where calls go in, as given on the command line: `udp:127.0.0.1:5060`, IPv6 in brackets. */
export interface Target extends SocketAddress {
  readonly transport: Transport;
}

/** Throws for anything else than TRANSPORT:ADDRESS:PORT. */
export function parseTarget(text: string): Target {
  const parts = /^(udp|tcp|tls|ws):(?:\[([0-9a-f:]+)\]|([0-9.]+)):(\d{1,5})$/.exec(text);
  const transport = transports.find((name) => name === parts?.[1]);
  if (transport === undefined) {
    throw new Error(`${text} is no target: write udp:127.0.0.1:5060, tcp:[::1]:5060 and the like`);
  }
  return { transport, address: parts?.[2] ?? parts?.[3] ?? '', port: Number(parts?.[4]) };
}

function among(targets: readonly Target[], transport: Transport, family: 4 | 6): SocketAddress | undefined {
  return targets.find((target) => target.transport === transport && target.address.includes(':') === (family === 6));
}

async function askAdmin(
  origin: string,
  bearer: string,
  method: string,
  path: string,
  body: unknown,
): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${origin}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${bearer}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
}

/** A connector that was started for the suite. */
export interface StartedSubject extends Subject, AsyncDisposable {
  /** What it wrote to standard error, and its log lines of level error: nothing, when all is well. */
  complaints(): readonly string[];
}

export interface StartedPartner extends Partner, AsyncDisposable {
  readonly subject: StartedSubject;
}

export interface StartOptions {
  readonly driver: DriverName;
  /** Section `signaling`; default the embedded endpoint on ports of the kernel's choice. */
  readonly signaling?: Readonly<Record<string, unknown>>;
  /** Where calls go in, when that is a server in front of the connector. */
  readonly targets?: readonly Target[];
}

/** Starts a connector as an operator would, with the configuration the scenarios count on. */
export async function startSubject({ driver, signaling, targets }: StartOptions): Promise<StartedSubject> {
  return startWith(driver, knownConfig({ signaling: signaling ?? embeddedSignaling }), targets);
}

/**
 * A partner over that transport, with its exchange; `undefined` where there is none. `server`: driver and section
 * `signaling` of one that works through a server.
 */
export async function startPartner(
  transport: Transport,
  server?: { readonly driver: DriverName; readonly signaling: Readonly<Record<string, unknown>> },
): Promise<StartedPartner | undefined> {
  if (transport === 'ws') return undefined;
  const { cert, key } = embeddedSignaling.embedded.tls;
  const pem = (file: string): string => readFileSync(file, 'utf8');
  const exchange = await Exchange.open(transport, { cert: pem(cert), key: pem(key) });
  const config = partnerConfig(transport, exchange.uri, server?.signaling);
  const subject = await startWith(server?.driver ?? 'embedded', config);
  return {
    exchange,
    subject,
    [Symbol.asyncDispose]: async () => {
      await subject[Symbol.asyncDispose]();
      await exchange[Symbol.asyncDispose]();
    },
  };
}

async function startWith(
  driver: DriverName,
  config: Readonly<Record<string, unknown>>,
  targets?: readonly Target[],
): Promise<StartedSubject> {
  const connector = await ConnectorProcess.start({ config });
  const own = connector.listening.flatMap(({ protocol, address, port }): Target[] => {
    const transport = transports.find((name) => name === protocol);
    return transport === undefined ? [] : [{ transport, address, port }];
  });
  return {
    driver,
    sip: (transport, family = 4) => among(targets ?? own, transport, family),
    admin: (method, path, body) => askAdmin(connector.adminOrigin, ADMIN_TOKEN, method, path, body),
    records: () => connector.records(),
    complaints: () => [
      ...(connector.errors === '' ? [] : [connector.errors]),
      ...connector.log
        .filter(({ level }) => typeof level === 'number' && level >= 50)
        .map((line) => JSON.stringify(line)),
    ],
    [Symbol.asyncDispose]: () => connector[Symbol.asyncDispose](),
  };
}

export interface RunningOptions {
  readonly driver: DriverName;
  readonly targets: readonly Target[];
  /** `http://127.0.0.1:8080`. */
  readonly admin: string;
  /** The admin's token; default that of {@link knownConfig}. */
  readonly token?: string;
  /** Its file of call records. */
  readonly cdrPath: string;
}

/** A connector that runs already, with {@link knownConfig}. */
export function runningSubject({ driver, targets, admin, token, cdrPath }: RunningOptions): Subject {
  return {
    driver,
    sip: (transport, family = 4) => among(targets, transport, family),
    admin: (method, path, body) => askAdmin(admin, token ?? ADMIN_TOKEN, method, path, body),
    records: () => {
      if (!existsSync(cdrPath)) return [];
      const lines = readFileSync(cdrPath, 'utf8').split('\n').slice(0, -1);
      return lines.map((line): SeenRecord => JSON.parse(line));
    },
  };
}
