import { readFileSync } from 'node:fs';
import { assertUnreachable } from '../../base/assert.js';
import type { Clock } from '../../base/clock.js';
import { ConnectorError } from '../../base/connector-error.js';
import { fileProblem } from '../../base/file-problem.js';
import type { Random } from '../../base/random.js';
import type { Config, DrachtioConfig, OpensipsConfig } from '../../config/config.js';
import type { Logger } from '../../flavor-api/index.js';
import { createDrachtioDriver } from '../../signaling/drachtio/drachtio-driver.js';
import type { DrachtioOptions, DrachtioTls } from '../../signaling/drachtio/drachtio-options.js';
import { createEmbeddedDriver } from '../../signaling/embedded/embedded-driver.js';
import { createOpensipsDriver } from '../../signaling/opensips/opensips-driver.js';
import type { OpensipsOptions } from '../../signaling/opensips/opensips-options.js';
import type { SignalingDriver } from '../../signaling/port.js';

export interface DriverDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** The driver that a configuration asks for. Throws `ERR_CONFIG_INVALID` for what only it can judge. */
export function createSignalingDriver({ signaling }: Config, { clock, random, log }: DriverDeps): SignalingDriver {
  const { driver } = signaling;
  switch (driver) {
    case 'embedded':
      return createEmbeddedDriver(signaling.embedded, { clock, random, log });
    case 'drachtio':
      return createDrachtioDriver(drachtioOptions(signaling.drachtio), { clock, random, log });
    case 'opensips':
      return createOpensipsDriver(opensipsOptions(signaling.opensips), { clock, random, log });
    default:
      return assertUnreachable(driver);
  }
}

function drachtioOptions(configured: readonly DrachtioConfig[]): DrachtioOptions {
  const servers: DrachtioOptions['servers'][number][] = [];
  let listen: DrachtioOptions['listen'];
  for (const { host, port, secret, tls: files, listen: address, from, sessionTimers } of configured) {
    const tls = files === undefined ? undefined : readTls(files);
    if (host !== undefined) servers.push({ host, port, secret, tls, sessionTimers });
    else if (address !== undefined) listen = { ...address, secret, tls, from, sessionTimers };
  }
  return { servers, listen, allow: [...new Set(configured.flatMap(({ allow }) => allow))] };
}

function readTls({ ca, cert, key, serverName }: NonNullable<DrachtioConfig['tls']>): DrachtioTls {
  return { ca: readPem(ca), cert: readPem(cert), key: readPem(key), serverName };
}

function readPem(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConnectorError('ERR_CONFIG_INVALID', `the PEM file ${file} cannot be read: ${fileProblem(error)}`);
  }
}

function opensipsOptions({ mi, replyDirectory, ...options }: OpensipsConfig): OpensipsOptions {
  const address = mi.protocol === 'fifo' ? { ...mi, replyDirectory } : mi;
  return { ...options, mi: address };
}
