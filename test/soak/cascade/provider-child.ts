/** Entry point of the process that the providers of a cascade run in. */
import { createFliteVoice } from '../../../src/cascade/index.js';
import { type FakeDeepgram, startFakeDeepgram } from '../../fakes/deepgram/index.js';
import { type FakeOpenAiText, startFakeOpenAiText } from '../../fakes/openai-text/index.js';
import { serve } from '../lib/child.js';
import { withoutLeadIn } from '../lib/lead-in.js';
import type { CascadeProviderApi, CascadeProviderSetup, ModelRequest } from './provider-api.js';

const voice = createFliteVoice({ voice: 'slt' });
let deepgram: FakeDeepgram | undefined;
let model: FakeOpenAiText | undefined;
const requests: ModelRequest[] = [];

serve<CascadeProviderApi>(
  {
    async start(setup) {
      model = await startModel(setup);
      deepgram = await startFakeDeepgram({
        lines: setup.lines,
        linesPerConnection: true,
        delays: setup.delays,
        eagerSilenceMs: setup.eagerSilenceMs,
        endSilenceMs: setup.endSilenceMs,
        leadingSilenceMs: setup.withoutLeadIn ? 0 : 150,
        ...(setup.audioRate !== undefined && { audioRate: setup.audioRate }),
        synthesise: async (text, signal) => {
          const speech = await voice.speak(text, signal);
          return setup.withoutLeadIn ? withoutLeadIn(speech) : speech;
        },
      });
      return { deepgram: deepgram.url, model: model.baseUrl };
    },

    clear() {
      requests.length = 0;
      deepgram?.timeline.clear();
    },

    account() {
      if (!deepgram || !model) throw new Error('not started');
      const { speeches, turns } = deepgram.timeline;
      return {
        requests,
        speeches: speeches.map(({ text, cancelled }) => ({ text, cancelled })),
        turns: turns.length,
        connections: {
          listen: deepgram.connections('listen'),
          speak: deepgram.connections('speak'),
          model: model.openConnections,
        },
      };
    },

    failDeepgram({ name, options }) {
      deepgram?.fail(name, options);
    },

    failModel({ name, times }) {
      model?.fail(name, times === undefined ? {} : { times });
    },

    recover({ part }) {
      deepgram?.recover(part);
      model?.recover();
    },
  },
  async () => {
    await deepgram?.[Symbol.asyncDispose]();
    await model?.close();
    await voice[Symbol.asyncDispose]();
  },
);

async function startModel({ answers }: CascadeProviderSetup): Promise<FakeOpenAiText> {
  let asked = 0;
  return await startFakeOpenAiText({
    variant: 'llama.cpp',
    mind: ({ dialogue, system }) => {
      requests.push({ atMs: performance.now(), dialogue, system, aborted: false });
      const answer = answers[asked % answers.length] ?? {};
      asked += 1;
      return answer;
    },
  });
}
