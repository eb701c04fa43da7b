import type { CallRecord } from '../../ops/call-record.js';
import type { DemoAccount, Figure } from '../demo-account.js';
import { type FakeProvider, type FakeProviderOptions, startFakeProvider } from '../fake-provider.js';
import type { Scenario, Setting, Stage } from '../scenario.js';
import { startSlotsService } from '../slots-service.js';
import { realtimeFigures } from './realtime-figures.js';
import { playSalonCaller, type SalonLine, salonConfig, salonLines, salonSucceeded } from './salon.js';

export interface ChatterboxOptions {
  /** The program with the fakes, where tests have another. */
  readonly fakes?: URL;
}

/** Machines of the tiers, as call records name whose time was used. */
const machines = { desk: 'own/laptop', rack: 'own/rack' } as const;

/**
 * The salon with Chatterbox on three tiers, all of them fakes: one on the premises, one that is rented, and serverless
 * machines. The first dies in the middle of the agent's longest answer, and the second goes on.
 */
export function chatterboxScenario(options: ChatterboxOptions = {}): Scenario<SalonLine> {
  return { lines: salonLines, open: (setting) => open(options, setting) };
}

async function open({ fakes }: ChatterboxOptions, { tell, clock, signal }: Setting): Promise<Stage<SalonLine>> {
  const slots = await startSlotsService(clock);
  const started: FakeProvider[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(started.map((fake) => fake[Symbol.asyncDispose]()));
    await slots[Symbol.asyncDispose]();
  };
  const start = async (what: Pick<FakeProviderOptions, 'name' | 'variant'>): Promise<FakeProvider> => {
    const fake = await startFakeProvider({ ...what, clock, ...(fakes && { program: fakes }) }, signal);
    started.push(fake);
    return fake;
  };
  tell('Starting fakes of Whisper, a language model, and three tiers of Chatterbox ...');
  try {
    const all = await Promise.allSettled([
      start({ name: 'chatterbox', variant: 'devnen' }),
      start({ name: 'chatterbox', variant: 'travisvn' }),
      start({ name: 'runpod' }),
      start({ name: 'whisper' }),
      start({ name: 'openai-text', variant: 'ollama' }),
    ]);
    const [desk, rack, cloud, ears, mind] = all.map((outcome) => {
      if (outcome.status === 'rejected') throw outcome.reason;
      return outcome.value;
    });
    if (!desk || !rack || !cloud || !ears || !mind) throw new Error('a fake is missing');
    const sections = sectionOf({ desk: desk.url, rack: rack.url, cloud: cloud.url, ears: ears.url, mind: mind.url });
    return {
      config: salonConfig(sections, slots.url),
      env: {},
      agent: 'flavor chatterbox-custom, with the fakes of this repository',
      play: (caller) =>
        playSalonCaller(caller, () => {
          tell('         the tier on the premises breaks off from here on, in the middle of a sentence');
          desk.fail('cut');
        }),
      figures: async (account) => [...realtimeFigures(account, undefined), ...tierFigures(account)],
      succeeded: (record) =>
        salonSucceeded(record) && Object.values(machines).every((name) => worked(record, name) > 0),
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Time for which a machine worked, ms. */
function worked({ usage }: CallRecord, machine: string): number {
  const used = usage.filter(({ provider, model, unit }) => unit === 'machine-ms' && `${provider}/${model}` === machine);
  return used.reduce((sum, { quantity }) => sum + quantity, 0);
}

function tierFigures({ record }: DemoAccount): readonly Figure[] {
  return Object.entries(machines).map(([tier, machine]) => [
    `Time of the machine of tier ${tier}`,
    `${(worked(record, machine) / 1_000).toFixed(1)} s`,
  ]);
}

type Addresses = Readonly<Record<'desk' | 'rack' | 'cloud' | 'ears' | 'mind', string>>;

/** Lines of the flavor's section. */
function sectionOf({ desk, rack, cloud, ears, mind }: Addresses): string {
  const server = (name: string, url: string, machine: string): string =>
    `{ provider: chatterbox, server: ${name}, url: "${url}", machine: ${machine} }`;
  return `    use: chatterbox-custom
    stt: { provider: whisper, url: "${ears}", language: en }
    llm: { provider: openai-compatible, baseUrl: "${mind}", model: any }
    tiers:
      - { name: desk, kind: local, backend: ${server('devnen', desk, machines.desk)} }
      - { name: rack, kind: dedicated, backend: ${server('travisvn', rack, machines.rack)} }
      - { name: cloud, kind: serverless, backend: { provider: runpod, apiKey: none, baseUrl: "${cloud}" } }
    cache:
      phrases: ["Hello, this is the salon. How can I help you?", Let me look that up for you.]
`;
}
