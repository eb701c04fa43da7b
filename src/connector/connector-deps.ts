import type { Clock } from '../base/clock.js';
import type { Random } from '../base/random.js';
import type { Announcer } from '../call/speech/announcement.js';
import type { Config } from '../config/config.js';
import type { Flavor, Logger } from '../flavor-api/index.js';
import type { MediaEngine } from '../media/engine.js';
import type { SignalingDriver } from '../signaling/port.js';

/** What a connector is made of besides its configuration; everything has a default that talks to the real world. */
export interface ConnectorDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  createDriver(config: Config): SignalingDriver;
  createEngine(config: Config): MediaEngine;
  /**
   * Takes calls only when the media engine is ready and code has run that calls wait for, so that the first call is served
   * as fast as others. Default: at once.
   */
  readonly warmsUp?: boolean;
  /** Makes every flavor of a configuration, or none: what was made is closed when one fails. */
  createFlavors(config: Config): Promise<ReadonlyMap<string, Flavor>>;
  /** The voice of the host itself. */
  createAnnouncer(config: Config): Announcer & AsyncDisposable;
  /** Reads the configuration anew for `POST /reload`; absent where it did not come from a file. */
  readonly readConfig?: () => Promise<
    { readonly config: Config; readonly warnings?: readonly string[] } | { readonly problem: string }
  >;
}
