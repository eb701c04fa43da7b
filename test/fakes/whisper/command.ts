import type { FakeCommand } from '../command.js';
import { salonUtterances } from '../openai-realtime/salon-script.js';
import { startFakeWhisper } from './fake.js';
import { isWhisperFault, whisperFaults } from './faults.js';
import type { WhisperVariant } from './options.js';

const variants: readonly WhisperVariant[] = ['speaches', 'openai', 'vllm', 'whisper.cpp'];

/** Servers of Whisper, by hand. */
export const whisperCommand: FakeCommand = {
  name: 'whisper',
  options: [`--variant NAME  whose manners it has: ${variants.join(', ')} (default: speaches)`],
  variants,
  faults: whisperFaults,
  async start({ port, key, variant: given }) {
    const variant = variants.find((name) => name === given) ?? 'speaches';
    const fake = await startFakeWhisper({
      port,
      variant,
      ...(key !== undefined && { apiKey: key }),
      lines: salonUtterances.map(({ text }) => text),
      // The caller of the demo has this voice: it is understood by its sound.
      utterances: salonUtterances.map((utterance) => ({ ...utterance, voice: 'rms' })),
    });
    const server = variant === 'whisper.cpp' ? ', server: whisper.cpp' : '';
    return {
      url: fake.url,
      introduction: `A fake of Whisper behind ${variant} listens at ${fake.url}

Point a recogniser at it, in the section of a flavor that has one:

  stt: { provider: whisper${server}, url: "${fake.url}" }

It understands what callers of a hairdresser say. Ctrl-C ends it.
`,
      fail(fault) {
        if (isWhisperFault(fault)) fake.fail(fault);
      },
      recover: () => fake.recover(),
      timeline: () => ({ recordings: fake.recordings, seen: fake.seen }),
      [Symbol.asyncDispose]: () => fake.close(),
    };
  },
};
