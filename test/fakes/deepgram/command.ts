import type { FakeCommand } from '../command.js';
import { scriptNamed, scriptNames, scriptOption } from '../openai-realtime/scripts.js';
import { type FakeDeepgram, startFakeDeepgram } from './fake.js';
import { faultNames, isFaultName } from './faults.js';

/** Deepgram, by hand. */
export const deepgramCommand: FakeCommand = {
  name: 'deepgram',
  options: [scriptOption],
  scripts: scriptNames,
  variants: [],
  faults: faultNames,
  async start({ port, key, script: name }) {
    const { lines, replies, role, script, utterances } = scriptNamed(name);
    const fake = await startFakeDeepgram({
      port,
      ...(key === undefined ? {} : { apiKey: key }),
      script,
      lines,
      // The other side of the demo has this voice: it is understood by its sound.
      utterances: utterances.map((utterance) => ({ ...utterance, voice: 'rms' })),
    });
    void rehearse(fake, replies);
    return {
      url: fake.url,
      introduction: `A fake of Deepgram listens at ${fake.url}: listen v1 and v2, speak, and the voice agent.

Point the sections of a flavor at it, with any key:

  stt: { url: "${fake.url}" }
  tts: { url: "${fake.url}" }

It understands what is said to ${role}, as which its agent answers. Ctrl-C ends it.
`,
      fail(fault) {
        if (isFaultName(fault)) fake.fail(fault);
      },
      recover: () => fake.recover(),
      timeline: () => fake.timeline,
      [Symbol.asyncDispose]: () => fake.close(),
    };
  },
};

/** Speaks every sentence once, so that its first caller waits no longer than the next. One at a time: calls come first. */
async function rehearse(fake: FakeDeepgram, replies: readonly string[]): Promise<void> {
  try {
    for (const reply of replies) {
      for (const sentence of reply.match(/[^.!?]+[.!?]*/g) ?? []) await fake.warm([sentence.trim()]);
    }
  } catch {
    // It was closed meanwhile.
  }
}
