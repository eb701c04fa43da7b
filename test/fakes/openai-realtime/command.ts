import type { FakeCommand } from '../command.js';
import { type FakeOpenAiRealtime, startFakeOpenAiRealtime } from './fake.js';
import { faultNames, isFaultName } from './faults.js';
import { salonReplies, salonUtterances } from './salon-script.js';

/** The Realtime API, by hand. */
export const openAiRealtimeCommand: FakeCommand = {
  name: 'openai-realtime',
  options: ['--beta         speak the beta dialect, as speaches does'],
  variants: [],
  faults: faultNames,
  async start({ port, key, beta }) {
    const fake = await startFakeOpenAiRealtime({
      port,
      ...(key === undefined ? {} : { apiKey: key }),
      dialect: beta ? 'beta' : 'ga',
      // The caller of the demo has this voice: it is understood by its sound.
      utterances: salonUtterances.map((utterance) => ({ ...utterance, voice: 'rms' })),
    });
    void rehearse(fake);
    return {
      url: fake.url,
      introduction: `A fake of OpenAI's Realtime API listens at ${fake.url}

Point a flavor at it:

  flavors:
    frontdesk: { use: openai-realtime, url: "${fake.url}", apiKey: "${key ?? 'anything'}" }

It answers as a hairdresser's receptionist. Ctrl-C ends it.
`,
      fail(fault) {
        if (isFaultName(fault)) fake.fail(fault);
      },
      recover: () => void fake.recover(),
      timeline: () => fake.timeline,
      [Symbol.asyncDispose]: () => fake[Symbol.asyncDispose](),
    };
  },
};

/** Speaks every reply once, so that its first caller waits no longer than the next. One at a time: calls come first. */
async function rehearse(fake: FakeOpenAiRealtime): Promise<void> {
  try {
    for (const text of salonReplies) await fake.warm([text]);
  } catch {
    // It was closed meanwhile.
  }
}
