/** Entry point of the process that the scripted provider runs in. */
import { createFliteVoice } from '../../../src/cascade/index.js';
import {
  type FakeOpenAiRealtime,
  type Mind,
  type Reply,
  type Speech,
  type Synthesise,
  startFakeOpenAiRealtime,
} from '../../fakes/openai-realtime/index.js';
import { SpokenTexts } from '../../fakes/openai-realtime/speech.js';
import { serve } from './child.js';
import { withoutLeadIn } from './lead-in.js';
import { toMachineTime } from './monotonic.js';
import type { ProviderApi, ProviderSetup } from './provider-api.js';

const voice = createFliteVoice({ voice: 'slt' });
let fake: FakeOpenAiRealtime | undefined;
let texts: SpokenTexts | undefined;

serve<ProviderApi>(
  {
    async start(setup) {
      const synthesise: Synthesise = async (text, signal) => {
        const speech = await voice.speak(text, signal);
        return setup.withoutLeadIn ? withoutLeadIn(speech) : speech;
      };
      texts = new SpokenTexts(synthesise);
      fake = await startFakeOpenAiRealtime({
        script: () => mindOf(setup),
        synthesise,
        utterances: (setup.utterances ?? []).map(({ text, samples }) => ({ text, speech: asSpeech(text, samples) })),
        ...(setup.transcriptDelayMs !== undefined && { transcriptDelayMs: setup.transcriptDelayMs }),
        ...(setup.interimEveryMs !== undefined && { interimEveryMs: setup.interimEveryMs }),
        ...(setup.audioRate !== undefined && { audioRate: setup.audioRate }),
      });
      await fake.warm(setup.replies.flatMap(({ text }) => text ?? []));
      return { url: fake.url };
    },

    fail({ name, options }) {
      fake?.fail(name, options);
    },

    async recover() {
      await fake?.recover();
    },

    blurt({ bytes }) {
      const part = { id: 'part', at: 1.5, words: ['one', 'two'], ends: null };
      const parts = Array.from({ length: Math.ceil(bytes / JSON.stringify(part).length) }, () => part);
      fake?.say(JSON.stringify({ type: 'response.hologram.delta', parts }));
    },

    account() {
      if (!fake) throw new Error('not started');
      const { sessions, turns, responses, truncations, cancellations, requests } = fake.timeline;
      const callers = requests.flatMap(({ sessionId, prompt }) => {
        const name = /\bcaller ([\w-]+)/.exec(prompt)?.[1];
        return name === undefined ? [] : [[sessionId, name] as const];
      });
      return {
        sessions,
        turns,
        responses,
        truncations,
        cancellations,
        callers: Object.fromEntries(callers),
        toMachineMs: toMachineTime(0),
        openConnections: fake.connections(),
      };
    },

    async spoken({ text }) {
      if (!texts) throw new Error('not started');
      const { bytes, words } = await texts.encoded(text, { type: 'audio/pcmu' });
      return { bytes, words };
    },
  },
  async () => {
    await fake?.close();
    await voice[Symbol.asyncDispose]();
  },
);

function mindOf({ replies, afterTools }: ProviderSetup): Mind {
  let answers = 0;
  return {
    guess: () => '',
    reply: ({ cause }): Reply => {
      if (cause === 'tool-result') return afterTools ?? { text: 'That is done.' };
      const reply = replies[answers % replies.length] ?? {};
      answers += 1;
      return reply;
    },
  };
}

function asSpeech(text: string, samples: Int16Array): Speech {
  return { pcm: samples, sampleRate: 8000, words: [{ text, startMs: 0 }] };
}
