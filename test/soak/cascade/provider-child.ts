/** Entry point of the process that the providers of a cascade run in. */
import { createFliteVoice, type FliteVoice } from '../../../src/cascade/index.js';
import { ClauseSplitter } from '../../../src/cascade/text/clause-splitter.js';
import { encodeAudio } from '../../fakes/deepgram/audio-format.js';
import { type FakeDeepgram, startFakeDeepgram } from '../../fakes/deepgram/index.js';
import { objectOf } from '../../fakes/language-model/json.js';
import { type FakeOpenAiText, startFakeOpenAiText } from '../../fakes/openai-text/index.js';
import { chatQuestion } from '../../fakes/openai-text/question.js';
import { serve } from '../lib/child.js';
import { withoutLeadIn } from '../lib/lead-in.js';
import { toMachineTime } from '../lib/monotonic.js';
import { SphinxRecogniser } from '../lib/sphinx-recogniser.js';
import type { CascadeProviderApi, CascadeProviderSetup } from './provider-api.js';

let speaker: FliteVoice | undefined;
let deepgram: FakeDeepgram | undefined;
let model: FakeOpenAiText | undefined;
let ear: SphinxRecogniser | undefined;

serve<CascadeProviderApi>(
  {
    async start(setup) {
      const voice = createFliteVoice({ voice: setup.voice ?? 'slt' });
      speaker = voice;
      model = await startModel(setup);
      if (setup.ear) ear = new SphinxRecogniser(setup.ear);
      deepgram = await startFakeDeepgram({
        lines: setup.lines,
        linesPerConnection: true,
        ...(ear && { recogniser: ear }),
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
      // A voice that is being made in the middle of a measurement is measured with it.
      const phrases = setup.phrases ?? ['Hello.'];
      await deepgram.warm([...phrases, ...setup.answers.flatMap(({ text = '' }) => piecesOf(text))]);
      return { deepgram: deepgram.url, model: model.baseUrl };
    },

    clear() {
      deepgram?.timeline.clear();
      if (model) model.requests.length = 0;
    },

    account() {
      if (!deepgram || !model) throw new Error('not started');
      const { speeches, turns } = deepgram.timeline;
      return {
        requests: model.requests.filter(({ method }) => method === 'POST').map(requestOf),
        speeches: speeches.map(({ connection, text, cancelled, askedAtMs, firstAudioAtMs }) => ({
          connection,
          text,
          cancelled,
          askedAtMs: toMachineTime(askedAtMs),
          firstAudioAtMs: machineTime(firstAudioAtMs),
        })),
        turns: turns.map(({ connection, lastVoicedAtMs, endedAtMs, toldAtMs }) => ({
          connection,
          lastVoicedAtMs: toMachineTime(lastVoicedAtMs),
          endedAtMs: machineTime(endedAtMs),
          toldAtMs: machineTime(toldAtMs),
        })),
        connections: {
          listen: deepgram.connections('listen'),
          speak: deepgram.connections('speak'),
          model: model.openConnections,
        },
      };
    },

    async voiced({ text }) {
      if (!speaker) throw new Error('not started');
      const { pcm, sampleRate, words } = await speaker.speak(text);
      return { bytes: encodeAudio(pcm, sampleRate, { encoding: 'mulaw', sampleRate: 8000 }), words };
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
    await speaker?.[Symbol.asyncDispose]();
    ear?.[Symbol.dispose]();
  },
);

/** An answer as the cascade hands it to the voice. */
function piecesOf(text: string): readonly string[] {
  const splitter = new ClauseSplitter();
  return [...splitter.push(text), ...splitter.flush()].map((piece) => piece.trim());
}

async function startModel({ answers, goesOn, byLine, lines }: CascadeProviderSetup): Promise<FakeOpenAiText> {
  let asked = 0;
  return await startFakeOpenAiText({
    variant: 'llama.cpp',
    mind: ({ dialogue }) => {
      const last = dialogue.findLast((line) => line.startsWith('assistant: '))?.slice('assistant: '.length) ?? '';
      const begun = goesOn ? answers.find(({ text = '' }) => text.startsWith(last) && text !== last) : undefined;
      if (begun?.text !== undefined && last !== '') {
        const { tokens: _, text, ...pace } = begun;
        return { ...pace, text: text.slice(last.length) };
      }
      const heard = dialogue.findLast((line) => line.startsWith('user: ')) ?? '';
      const number = byLine ? lines.findLastIndex((line) => heard.includes(String(line))) : asked;
      const answer = answers[Math.max(0, number) % answers.length] ?? {};
      asked += 1;
      return answer;
    },
  });
}

function requestOf({ atMs, firstTokenAtMs, abortedAtMs, body }: FakeOpenAiText['requests'][number]) {
  const { dialogue, system } = chatQuestion(objectOf(body));
  return {
    atMs: toMachineTime(atMs),
    firstTokenAtMs: machineTime(firstTokenAtMs),
    dialogue,
    system,
    aborted: abortedAtMs !== undefined,
  };
}

function machineTime(processMs: number | undefined): number | undefined {
  return processMs === undefined ? undefined : toMachineTime(processMs);
}
