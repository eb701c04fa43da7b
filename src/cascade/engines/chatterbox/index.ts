import * as z from 'zod';
import { assertUnreachable } from '../../../base/assert.js';
import type { SpeechBackend } from '../speech-server/backend.js';
import type { SpeechServerDeps } from '../speech-server/deps.js';
import { DevnenBackend } from './devnen.js';
import { devnenSchema } from './devnen-config.js';
import { ModalBackend } from './modal.js';
import { modalSchema } from './modal-config.js';
import { TravisvnBackend } from './travisvn.js';
import { travisvnSchema } from './travisvn-config.js';

const provider = z.literal('chatterbox').describe('A Chatterbox server of your own.');

/** A Chatterbox server, in a flavor's section of the configuration. */
export const chatterboxConfig = z.discriminatedUnion('server', [
  z.strictObject({ provider, server: z.literal('devnen').describe('Chatterbox-TTS-Server.'), ...devnenSchema.shape }),
  z.strictObject({ provider, server: z.literal('travisvn').describe('chatterbox-tts-api.'), ...travisvnSchema.shape }),
  z.strictObject({ provider, server: z.literal('modal').describe('A web endpoint at Modal.'), ...modalSchema.shape }),
]);

/** Defaults filled in. */
export type ChatterboxConfig = z.output<typeof chatterboxConfig>;

/** The server of a configuration; nothing is asked of it before it is used. */
export function createChatterboxBackend(config: ChatterboxConfig, deps: SpeechServerDeps = {}): SpeechBackend {
  switch (config.server) {
    case 'devnen':
      return new DevnenBackend(config, deps);
    case 'travisvn':
      return new TravisvnBackend(config, deps);
    case 'modal':
      return new ModalBackend(config, deps);
    default:
      return assertUnreachable(config);
  }
}
