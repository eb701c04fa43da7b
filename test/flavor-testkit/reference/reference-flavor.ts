import { request } from 'node:http';
import {
  type CallContext,
  defineFlavor,
  type Flavor,
  type FlavorCapabilities,
  FlavorError,
  type FlavorModule,
} from 'sip-voice-connector/flavor';
import { WebSocket } from 'ws';
import * as z from 'zod';
import { ReferenceSession } from './reference-session.js';

const configSchema = z.strictObject({
  server: z.string().min(1),
  apiKey: z.string().min(1).meta({ writeOnly: true }),
  greeting: z.string().default('Hello, this is the reference.'),
  timeoutMs: z.int().min(50).default(1_500),
});

export type ReferenceConfig = z.output<typeof configSchema>;

const mulaw = { encoding: 'mulaw', sampleRate: 8000 } as const;

const capabilities: FlavorCapabilities = {
  kind: 'speech-to-speech',
  input: [mulaw],
  output: [mulaw],
  turnTaking: 'host',
  truncation: true,
  tools: true,
  parallelTools: true,
  verbatimSpeech: true,
  needsVad: true,
  interruptible: true,
  dtmf: true,
  updatable: true,
};

/** A flavor with everything that a capability can promise, over a real socket. It keeps the whole contract. */
export const referenceModule: FlavorModule<ReferenceConfig> = defineFlavor({
  manifest: { id: 'reference', displayName: 'Reference', apiVersion: 1, configSchema },
  create: (config): Flavor => ({
    capabilities,
    check: (signal) => probe(config, signal),
    open: (call) => open(config, call),
    async [Symbol.asyncDispose]() {
      // Every session closes its own connection.
    },
  }),
});

function probe(config: ReferenceConfig, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = { headers: { authorization: `Bearer ${config.apiKey}` }, agent: false, signal };
    const probing = request(`http://${config.server}/check`, options, (response) => {
      response.resume();
      if (response.statusCode === 200) resolve();
      else reject(statusError(response.statusCode ?? 0));
    });
    probing.on('error', (cause) => reject(networkError(cause)));
    probing.end();
  });
}

function open(config: ReferenceConfig, call: CallContext): Promise<ReferenceSession> {
  return new Promise((resolve, reject) => {
    if (call.signal.aborted) {
      reject(call.signal.reason);
      return;
    }
    const socket = new WebSocket(`ws://${config.server}/`, { headers: { authorization: `Bearer ${config.apiKey}` } });
    const session = new ReferenceSession(call, config, socket);
    const settle = (step: () => void): void => {
      clearTimeout(timer);
      call.signal.removeEventListener('abort', onAbort);
      step();
    };
    const fail = (error: unknown): void =>
      settle(() => {
        session.close();
        reject(error);
      });
    const onAbort = (): void => fail(call.signal.reason);
    const timer = setTimeout(() => fail(timeoutError()), config.timeoutMs);
    call.signal.addEventListener('abort', onAbort, { once: true });
    socket.on('unexpected-response', (_request, response) => {
      response.resume();
      fail(statusError(response.statusCode ?? 0));
    });
    socket.on('error', (cause) => fail(networkError(cause)));
    session.ready.then(
      () => settle(() => resolve(session)),
      () => fail(networkError(undefined)),
    );
  });
}

/** The error for an HTTP status. */
export function statusError(status: number): FlavorError {
  if (status === 401) return new FlavorError('ERR_FLAVOR_AUTH', 'the provider refuses the key', false);
  if (status === 429) return new FlavorError('ERR_FLAVOR_QUOTA', 'the provider limits the rate', true);
  return new FlavorError('ERR_FLAVOR_NETWORK', `the provider answers ${status}`, true);
}

function networkError(cause: unknown): FlavorError {
  return new FlavorError('ERR_FLAVOR_NETWORK', 'the provider cannot be reached', true, { cause });
}

/** The error for silence where an answer was due. */
export function timeoutError(): FlavorError {
  return new FlavorError('ERR_FLAVOR_TIMEOUT', 'the provider does not answer', true);
}
