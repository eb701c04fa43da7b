import type { FakeCommand } from '../command.js';
import { type FakeOpenAiRealtime, startFakeOpenAiRealtime } from './fake.js';
import { faultNames, isFaultName } from './faults.js';
import { scriptNamed, scriptNames, scriptOption } from './scripts.js';

/** The Realtime API, by hand. */
export const openAiRealtimeCommand: FakeCommand = {
  name: 'openai-realtime',
  options: ['--beta         speak the beta dialect, as speaches does', scriptOption],
  scripts: scriptNames,
  variants: [],
  faults: faultNames,
  async start({ port, key, beta, script: name }) {
    const { replies, role, script, utterances } = scriptNamed(name);
    const fake = await startFakeOpenAiRealtime({
      port,
      ...(key === undefined ? {} : { apiKey: key }),
      dialect: beta ? 'beta' : 'ga',
      script,
      // The other side of the demo has this voice: it is understood by its sound.
      utterances: utterances.map((utterance) => ({ ...utterance, voice: 'rms' })),
    });
    void rehearse(fake, replies);
    return {
      url: fake.url,
      introduction: `A fake of OpenAI's Realtime API listens at ${fake.url}

Point a flavor at it:

  flavors:
    frontdesk: { use: openai-realtime, url: "${fake.url}", apiKey: "${key ?? 'anything'}" }

It answers as ${role}. Ctrl-C ends it.
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
async function rehearse(fake: FakeOpenAiRealtime, replies: readonly string[]): Promise<void> {
  try {
    for (const text of replies) await fake.warm([text]);
  } catch {
    // It was closed meanwhile.
  }
}
