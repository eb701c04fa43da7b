import { type FakeProvider, startFakeProvider } from '../fake-provider.js';
import type { Scenario, Setting, Stage } from '../scenario.js';
import { startSlotsService } from '../slots-service.js';
import type { DemoModel, FakeScriptName } from './demo-model.js';
import { realtimeFigures } from './realtime-figures.js';
import { playSalonCaller, type SalonLine, salonConfig, salonLines, salonSucceeded } from './salon.js';

export interface DeepgramOptions {
  readonly flavor: 'deepgram' | 'deepgram-agent';
  /** The program with the fakes, where tests have another. */
  readonly fakes?: URL;
}

const DEEPGRAM_KEY = 'DEEPGRAM_API_KEY';
const MODEL_KEY = 'OPENAI_API_KEY';

/**
 * The salon with Deepgram's recogniser and voice around a model of OpenAI's, or with Deepgram's own agent. With the keys
 * in the environment (`DEEPGRAM_API_KEY`, and `OPENAI_API_KEY` for the model) the real services answer, else the fakes of
 * this repository.
 */
export function deepgramScenario(options: DeepgramOptions): Scenario<SalonLine> {
  return { lines: salonLines, open: (setting) => open(options, setting) };
}

async function open(options: DeepgramOptions, setting: Setting): Promise<Stage<SalonLine>> {
  const model = await openDeepgramModel(options, 'salon', setting);
  const slots = await startSlotsService(setting.clock);
  return {
    ...model,
    config: salonConfig(model.section, slots.url),
    play: playSalonCaller,
    figures: async (account) => realtimeFigures(account, undefined),
    succeeded: salonSucceeded,
    [Symbol.asyncDispose]: async () => {
      await model[Symbol.asyncDispose]();
      await slots[Symbol.asyncDispose]();
    },
  };
}

/** The flavor, with the real services or the fakes. Rejects as {@link startFakeProvider} does. */
export async function openDeepgramModel(
  { flavor, fakes }: DeepgramOptions,
  script: FakeScriptName,
  { env, tell, clock, signal }: Setting,
): Promise<DemoModel> {
  const needed = flavor === 'deepgram' ? [DEEPGRAM_KEY, MODEL_KEY] : [DEEPGRAM_KEY];
  const real = needed.every((name) => (env[name] ?? '') !== '');
  const started: FakeProvider[] = [];
  const close = async (): Promise<void> => {
    for (const fake of started) await fake[Symbol.asyncDispose]();
  };
  const start = async (name: string): Promise<string> => {
    const program = fakes === undefined ? {} : { program: fakes };
    const fake = await startFakeProvider({ name, script, clock, ...program }, signal);
    started.push(fake);
    return fake.url;
  };
  if (!real) tell(`${needed.join(' and ')} not set: starting the fakes ...`);
  let url: string | undefined;
  let modelUrl: string | undefined;
  try {
    if (!real) url = await start('deepgram');
    if (!real && flavor === 'deepgram') modelUrl = await start('openai-text');
  } catch (error) {
    await close();
    throw error;
  }
  return {
    section: sectionOf(flavor, url, modelUrl),
    env: Object.fromEntries(needed.map((name) => [name, real ? (env[name] ?? '') : 'none'])),
    agent: `flavor ${flavor}, ${real ? 'the real services' : 'with the fakes of this repository'}`,
    account: async () => undefined,
    [Symbol.asyncDispose]: close,
  };
}

/** Lines of the flavor's section; addresses where there are fakes. */
function sectionOf(flavor: DeepgramOptions['flavor'], url: string | undefined, modelUrl: string | undefined): string {
  const use = `    use: ${flavor}\n    apiKey: \${${DEEPGRAM_KEY}}\n`;
  if (flavor === 'deepgram-agent') return url === undefined ? use : `${use}    url: ${url}\n`;
  const stage = url === undefined ? '{}' : `{ url: "${url}" }`;
  const baseUrl = modelUrl === undefined ? '' : `, baseUrl: "${modelUrl}"`;
  const llm = `{ provider: openai, apiKey: "\${${MODEL_KEY}}"${baseUrl} }`;
  return `${use}    stt: ${stage}\n    llm: ${llm}\n    tts: ${stage}\n`;
}
