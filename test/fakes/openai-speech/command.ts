import { runningSpeechFake } from '../chatterbox/command.js';
import type { FakeCommand } from '../command.js';
import { speechFaults } from '../speech-server/faults.js';
import { FakeOpenAiSpeech } from './fake.js';

const variants = ['openai', 'no-models', 'always-wav', 'always-mp3'] as const;

/** `npm run fake -- openai-speech`. */
export const openAiSpeechCommand: FakeCommand = {
  name: 'openai-speech',
  options: [`--variant V    a server of one's own instead of OpenAI: ${variants.join(', ')} (default: openai)`],
  variants,
  faults: speechFaults,
  async start({ port, key, variant }) {
    const fake = await FakeOpenAiSpeech.start({
      port,
      voice: { realTimeFactor: 0.2 },
      variant: variants.find((known) => known === variant) ?? 'openai',
      ...(key !== undefined && { apiKey: key }),
    });
    return runningSpeechFake(fake, introduction(fake.baseUrl, key));
  },
};

function introduction(baseUrl: string, key: string | undefined): string {
  return `A fake of OpenAI's speech listens at ${baseUrl}/audio/speech.

Let it stand by for the voice of a flavor made of stages, or put it in a tier of chatterbox-custom:

  standby: { tts: [{ provider: openai-speech, baseUrl: "${baseUrl}", apiKey: "${key ?? 'anything'}" }] }

It speaks English by an offline voice, at 0.2 of real time. Ctrl-C ends it.
`;
}
