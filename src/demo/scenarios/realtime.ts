import { type FakeProvider, startFakeProvider } from '../fake-provider.js';
import type { Scenario, Setting, Stage } from '../scenario.js';
import { startSlotsService } from '../slots-service.js';
import type { DemoModel, FakeScriptName } from './demo-model.js';
import { realtimeFigures } from './realtime-figures.js';
import { playSalonCaller, type SalonLine, salonConfig, salonLines, salonSucceeded } from './salon.js';

export interface RealtimeOptions {
  /** `undefined`: the flavor's own default. */
  readonly model: string | undefined;
  readonly voice: string | undefined;
  /** The program with the fakes, where tests have another. */
  readonly fakes?: URL;
}

/** Variables with which people point the flavor elsewhere. */
const KEY = 'OPENAI_API_KEY';
const URL_VARIABLE = 'OPENAI_REALTIME_URL';

/**
 * A salon with a speech-to-speech model: the caller books a haircut, the agent looks up free times, is encouraged with
 * "mm-hm" while it explains, then interrupted, and hangs up when both have said goodbye. With a key (`OPENAI_API_KEY`) or
 * an address (`OPENAI_REALTIME_URL`) in the environment the real service answers, else the fake of this repository.
 */
export function realtimeScenario(options: RealtimeOptions): Scenario<SalonLine> {
  return { lines: salonLines, open: (setting) => open(options, setting) };
}

async function open(options: RealtimeOptions, setting: Setting): Promise<Stage<SalonLine>> {
  const { clock } = setting;
  const model = await openRealtimeModel(options, 'salon', setting);
  const slots = await startSlotsService(clock);
  return {
    ...model,
    config: salonConfig(model.section, slots.url),
    play: playSalonCaller,
    figures: async (account) => realtimeFigures(account, await model.account()),
    succeeded: salonSucceeded,
    [Symbol.asyncDispose]: async () => {
      await model[Symbol.asyncDispose]();
      await slots[Symbol.asyncDispose]();
    },
  };
}

/** The flavor, with the real service, a server of the environment's, or the fake. Rejects as {@link startFakeProvider} does. */
export async function openRealtimeModel(
  options: RealtimeOptions,
  script: FakeScriptName,
  { env, tell, clock, signal }: Setting,
): Promise<DemoModel> {
  const { [KEY]: key, [URL_VARIABLE]: url } = env;
  let fake: FakeProvider | undefined;
  if (!key && !url) {
    tell('OPENAI_API_KEY is not set: starting the fake of the Realtime API ...');
    const program = options.fakes === undefined ? {} : { program: options.fakes };
    fake = await startFakeProvider({ name: 'openai-realtime', script, clock, ...program }, signal);
  }
  return {
    section: sectionOf({ ...options, url: fake?.url ?? url }),
    env: key ? { [KEY]: key } : {},
    agent: `flavor openai-realtime, ${answering(fake, url)}`,
    ...(!fake && { remedy: remedyFor(url) }),
    account: async () => fake?.account(),
    [Symbol.asyncDispose]: async () => fake?.[Symbol.asyncDispose](),
  };
}

function answering(fake: FakeProvider | undefined, url: string | undefined): string {
  if (fake) return 'with the fake of this repository';
  return url ? `the server at ${URL_VARIABLE}` : 'the real service';
}

function remedyFor(url: string | undefined): string {
  if (!url) return `${KEY} is set, so the real service is called: correct the key, or unset it to have the fake.`;
  // A query may hold a key.
  const address = URL.canParse(url)
    ? `${new URL(url).protocol}//${new URL(url).host}${new URL(url).pathname}`
    : 'no address';
  return `${URL_VARIABLE} is ${address}: start a server there, or unset the variable to have the real service (with ${KEY}) or the fake (without).`;
}

function sectionOf({
  url,
  model,
  voice,
}: Pick<RealtimeOptions, 'model' | 'voice'> & { readonly url: string | undefined }): string {
  const options = Object.entries({ url, model, voice }).flatMap(([name, value]) =>
    value === undefined ? [] : [`    ${name}: ${JSON.stringify(value)}\n`],
  );
  return `    use: openai-realtime\n    apiKey: \${${KEY}:-none}\n${options.join('')}`;
}
