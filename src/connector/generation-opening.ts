import { setMaxListeners } from 'node:events';
import type { Clock } from '../base/clock.js';
import { errorMessage } from '../base/connector-error.js';
import { Deadline } from '../base/deadline.js';
import { orAborted } from '../base/or-aborted.js';
import type { Random } from '../base/random.js';
import type { Announcer } from '../call/speech/announcement.js';
import type { Config } from '../config/config.js';
import { createRouter } from '../config/router.js';
import type { Flavor, Logger } from '../flavor-api/index.js';
import { createGuardedFetch } from '../http/guarded-fetch.js';
import { openToolSet } from '../tools/tool-set.js';
import { createVariant } from './flavors/flavor-variant.js';
import { Generation, type GenerationDeps } from './generation.js';
import { fixedSayings } from './route-options.js';
import { BackgroundSounds } from './sound/background-sounds.js';
import { prepareRecordings } from './sound/recording-directory.js';

export interface GenerationOpeningDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Makes every flavor of a configuration, or none: what was made is closed when one fails. */
  createFlavors(config: Config): Promise<ReadonlyMap<string, Flavor>>;
  /** The voice of the host itself. */
  createAnnouncer(config: Config): Announcer & AsyncDisposable;
  onDisposeError(error: unknown): void;
}

/** Time flavors and MCP servers may take to get ready before calls are taken all the same, ms. */
const WARMUP_MS = 15_000;

/**
 * Makes everything that a configuration names, and warms it up. When something cannot be made, what was made is closed.
 * Throws what `createFlavors` throws, and `ERR_TOOL_INVALID`.
 *
 * @param stop aborts when the connector stops: nothing that still warms up is waited for
 */
export async function openGeneration(
  config: Config,
  deps: GenerationOpeningDeps,
  stop: AbortSignal,
): Promise<Generation> {
  const { clock, log, random } = deps;
  // Each flavor listens until it is ready, and Node.js takes more than ten for a leak.
  setMaxListeners(0, stop);
  const router = createRouter(config.routes);
  const fetch = createGuardedFetch({ allow: config.http.allow, clock });
  try {
    await prepareRecordings(config.recording, log);
    const tools = await openToolSet(config.tools, { http: fetch, clock, random, log });
    const sounds = await BackgroundSounds.load(config.routes, log);
    const flavors = await deps.createFlavors(config);
    const warmUp = (fields: object, action: (signal: AbortSignal) => Promise<void> | undefined): Promise<void> =>
      warmUpInTime(action, fields, deps, stop);
    await Promise.all([
      ...[...flavors].map(([name, flavor]) => warmUp({ flavor: name }, (signal) => flavor.warmup?.(signal))),
      warmUp({ tools: 'mcp' }, () => tools.warmUp()),
    ]);
    const voice = deps.createAnnouncer(config);
    const over = new AbortController();
    const announcer: typeof voice = {
      prepare: (saying) => voice.prepare(saying),
      [Symbol.asyncDispose]: async () => {
        over.abort();
        await voice[Symbol.asyncDispose]();
      },
    };
    void warmUpAnnouncements(announcer, config, log, over.signal);
    const onDisposeError = (error: unknown): void => deps.onDisposeError(error);
    const variant: GenerationDeps['createVariant'] = (name, options) =>
      createVariant(config, name, options, (other) => deps.createFlavors(other));
    const generationDeps = { clock, log, announcer, fetch, sounds, tools, createVariant: variant, onDisposeError };
    return new Generation(config, router, flavors, generationDeps);
  } catch (error) {
    await fetch[Symbol.asyncDispose]();
    throw error;
  }
}

/** Never rejects, and never takes longer than it may, whatever is warmed up. */
async function warmUpInTime(
  action: (signal: AbortSignal) => Promise<void> | undefined,
  fields: object,
  { clock, log }: Pick<GenerationOpeningDeps, 'clock' | 'log'>,
  stop: AbortSignal,
): Promise<void> {
  const late = (): Error => new Error(`not ready after ${WARMUP_MS / 1000} s`);
  using deadline = new Deadline(clock, WARMUP_MS, late, stop);
  const { signal } = deadline;
  try {
    await orAborted(Promise.resolve(action(signal)), signal);
  } catch (error) {
    log.warn({ ...fields, error: errorMessage(error) }, 'something did not warm up');
  }
}

/**
 * In the background: nobody waits for what may never be said. A mistake is logged, and found again by the call that
 * needs it. `over` aborts when nobody will need it any more, after a start that failed for instance.
 */
async function warmUpAnnouncements(
  announcer: Announcer,
  config: Config,
  log: Logger,
  over: AbortSignal,
): Promise<void> {
  for (const saying of fixedSayings(config)) {
    try {
      await announcer.prepare(saying);
    } catch (error) {
      if (over.aborted) return;
      log.error({ wav: saying.wav, error: errorMessage(error) }, 'an announcement cannot be made');
    }
  }
}
