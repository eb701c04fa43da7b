import { createSystemClock } from './base/clock.js';
import { createSystemRandom } from './base/random.js';
import type { Config } from './config/config.js';
import type { ConnectorDeps } from './connector/connector-deps.js';
import { createFlavors } from './connector/flavors/flavor-factory.js';
import { createSignalingDriver } from './connector/network/driver-factory.js';
import { mediaThreads } from './connector/network/media-threads.js';
import { HostAnnouncer } from './connector/sound/announcer.js';
import { VoiceConnector } from './connector/voice-connector.js';
import { createDtlsIdentity } from './media/dtls/dtls-identity.js';
import { createWorkerEngine } from './media/worker/worker-engine.js';
import { silentLog } from './ops/silent-log.js';

export type { Config } from './config/config.js';
export type { ConnectorDeps } from './connector/connector-deps.js';
export type { ConnectorAddresses, ReloadOutcome } from './connector/voice-connector.js';
export { VoiceConnector } from './connector/voice-connector.js';

/**
 * Puts a connector together from a configuration (`loadConfig`): the SIP driver it asks for, the media engine of this
 * process, the flavors it names. `deps` replaces parts, for tests and for embedding; `log` has no default that prints.
 */
export function createConnector(config: Config, deps: Partial<ConnectorDeps> = {}): VoiceConnector {
  const clock = deps.clock ?? createSystemClock();
  const random = deps.random ?? createSystemRandom();
  const log = deps.log ?? silentLog;
  return new VoiceConnector(config, {
    clock,
    random,
    log,
    createDriver: (current) => createSignalingDriver(current, { clock, random, log }),
    createEngine: (current) =>
      createWorkerEngine(
        {
          ...current.media,
          rtpTimeoutMs: current.limits.rtpTimeoutSeconds * 1000,
          ...(current.media.webRtc && { dtls: createDtlsIdentity(clock.wallTime()) }),
        },
        {
          ...mediaThreads(current.media, { log }),
          clock,
          random,
          onNotice: (message) => log.warn({}, message),
          startsAtOnce: true,
          onThreadDied: (error) =>
            log.error({ error }, 'a media thread has died: its calls end, the next get a new one'),
        },
      ),
    createFlavors: (current) => createFlavors(current, { log, now: () => clock.now() }, clock),
    createAnnouncer: (current) => new HostAnnouncer({ voice: current.voice.name }, clock),
    ...deps,
  });
}
