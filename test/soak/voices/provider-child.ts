/** Entry point of the process that those run in who hear, think and speak in a measurement of voices. */
import { createResampler } from '../../../src/audio/resampler.js';
import { createSystemClock } from '../../../src/base/clock.js';
import { isObject, textIn } from '../../../src/cascade/engines/shared/json.js';
import { createFliteVoice, type FliteVoice, type FliteVoiceName } from '../../../src/cascade/index.js';
import { ClauseSplitter } from '../../../src/cascade/text/clause-splitter.js';
import { FakeDevnen } from '../../fakes/chatterbox/devnen.js';
import { FakeTravisvn } from '../../fakes/chatterbox/travisvn.js';
import { type FakeDeepgram, startFakeDeepgram } from '../../fakes/deepgram/index.js';
import { objectOf } from '../../fakes/language-model/json.js';
import type { Synthesise } from '../../fakes/openai-realtime/speech.js';
import { encodeAudio } from '../../fakes/openai-realtime/wire-format.js';
import { FakeOpenAiSpeech } from '../../fakes/openai-speech/fake.js';
import { type FakeOpenAiText, startFakeOpenAiText } from '../../fakes/openai-text/index.js';
import { chatQuestion } from '../../fakes/openai-text/question.js';
import { FakeRunPod } from '../../fakes/runpod/fake.js';
import type { SeenSpeechRequest } from '../../fakes/speech-server/http-fake.js';
import { serve } from '../lib/child.js';
import { withoutLeadIn } from '../lib/lead-in.js';
import { toMachineTime } from '../lib/monotonic.js';
import type { ServerSetup, VoicesProviderApi, VoicesSetup } from './provider-api.js';

/** Of the conversation as the model is told it: who calls. */
const CALLER = /caller ([\w-]+)/u;
const PHONE_RATE = 8_000;

interface Server {
  readonly address: string;
  readonly fake: FakeDevnen | FakeTravisvn | FakeOpenAiSpeech | FakeRunPod;
}

const clock = createSystemClock();
const voices = new Map<FliteVoiceName, FliteVoice>();
let deepgram: FakeDeepgram | undefined;
let model: FakeOpenAiText | undefined;
let servers: readonly Server[] = [];

serve<VoicesProviderApi>(
  {
    async start({ lines, answers, servers: setups }) {
      model = await startModel(answers);
      deepgram = await startFakeDeepgram({
        lines: [...lines],
        linesPerConnection: true,
        delays: { interimMs: 0, finalMs: 0, speechMs: 0 },
        eagerSilenceMs: 200,
        endSilenceMs: 400,
      });
      servers = await Promise.all(setups.map(startServer));
      // The offline voice is to be no part of what is measured: as far as it is known what will be said.
      const first = Object.values(answers).flatMap((turns) => turns[0]?.text ?? []);
      if (setups.some(({ voice }) => voice === 'rms')) await voiceNamed('rms').speak('Hello.');
      for (const text of first) for (const piece of piecesOf(text)) await voiceNamed('slt').speak(piece);
      return { deepgram: deepgram.url, model: model.baseUrl, servers: servers.map(({ address }) => address) };
    },

    account() {
      const answered = model?.requests.filter(({ method }) => method === 'POST') ?? [];
      return {
        answers: answered.map(({ body, tokensAtMs }) => {
          const { from, tokens } = thoughts.get(body) ?? { from: '', tokens: [] };
          return {
            from,
            tokens: tokensAtMs.map((atMs, index) => ({ text: tokens[index] ?? '', atMs: toMachineTime(atMs) })),
          };
        }),
        asked: servers.flatMap(({ fake }, server) =>
          requestsOf(fake).map((request) => ({
            server,
            text: textOf(request),
            atMs: toMachineTime(request.atMs),
            soundAtMs: request.soundAtMs === undefined ? undefined : toMachineTime(request.soundAtMs),
          })),
        ),
      };
    },

    async sound({ server, text }) {
      const voice = servers[server]?.fake.voice;
      if (!voice) throw new Error('no such server');
      const { samples, sampleRate } = await voice.speech(text);
      const resampler = createResampler(sampleRate, PHONE_RATE);
      const delay = Math.round(resampler.delaySamples);
      const padded = new Int16Array(samples.length + (delay * sampleRate) / PHONE_RATE);
      padded.set(samples);
      return encodeAudio(resampler.process(padded).slice(delay), PHONE_RATE, { type: 'audio/pcmu' });
    },

    kill({ server, skip, afterMs }) {
      servers[server]?.fake.fail('cut', { skip, afterMs, times: 1, dead: true });
    },

    revive({ server }) {
      servers[server]?.fake.recover();
    },
  },
  async () => {
    await deepgram?.[Symbol.asyncDispose]();
    await model?.close();
    for (const { fake } of servers) await fake[Symbol.asyncDispose]();
    for (const voice of voices.values()) await voice[Symbol.asyncDispose]();
  },
);

/** By the body of a request: whom it was for, and what was said. */
const thoughts = new Map<unknown, { readonly from: string; readonly tokens: readonly string[] }>();

async function startModel(answers: VoicesSetup['answers']): Promise<FakeOpenAiText> {
  const started: FakeOpenAiText = await startFakeOpenAiText({
    variant: 'llama.cpp',
    mind: ({ system, dialogue }) => {
      const from = CALLER.exec(system)?.[1] ?? '';
      // Who is asked again, as after a guess that was wrong, says the same.
      const turn = dialogue.filter((line) => line.startsWith('assistant: ')).length;
      const answer = answers[from]?.[turn] ?? { text: 'Goodbye.' };
      const body = started.requests.findLast((request) => chatQuestion(objectOf(request.body)).system === system)?.body;
      thoughts.set(body, { from, tokens: answer.text?.match(/\s*\S+|\s+$/gu) ?? [] });
      return answer;
    },
  });
  return started;
}

async function startServer({ kind, ...setup }: ServerSetup): Promise<Server> {
  const { realTimeFactor, overheadMs, pieceMs } = setup;
  const voice = {
    realTimeFactor,
    overheadMs,
    ...(pieceMs !== undefined && { pieceMs }),
    synthesise: voiceOf(setup),
  };
  if (kind === 'devnen') {
    const fake = await FakeDevnen.start({ voice });
    return { address: fake.url, fake };
  }
  if (kind === 'travisvn') {
    const fake = await FakeTravisvn.start({ voice });
    return { address: fake.url, fake };
  }
  if (kind === 'openai') {
    const fake = await FakeOpenAiSpeech.start({ voice });
    return { address: fake.baseUrl, fake };
  }
  const fake = new FakeRunPod({ ...voice, clock, sampleRate: 24_000, warm: 1, idleMs: 600_000 });
  await fake.listen();
  return { address: fake.url, fake };
}

function voiceNamed(name: FliteVoiceName): FliteVoice {
  const voice = voices.get(name) ?? createFliteVoice({ voice: name, cacheMs: 3_600_000 });
  voices.set(name, voice);
  return voice;
}

/** An answer as the cascade hands it to the voice. */
function piecesOf(text: string): readonly string[] {
  const splitter = new ClauseSplitter();
  return [...splitter.push(text), ...splitter.flush()].map((piece) => piece.trim());
}

function voiceOf({ voice: name, tempo = 1, withoutLeadIn: cut = false }: Omit<ServerSetup, 'kind'>): Synthesise {
  return async (text, signal) => {
    const spoken = await voiceNamed(name).speak(text, signal);
    const { pcm, sampleRate, words } = cut ? withoutLeadIn(spoken) : spoken;
    if (tempo === 1) return { pcm, sampleRate, words };
    const paced = Int16Array.from(createResampler(Math.round(tempo * 100), 100).process(pcm));
    return { pcm: paced, sampleRate, words: words.map((word) => ({ ...word, startMs: word.startMs / tempo })) };
  };
}

function requestsOf(fake: Server['fake']): readonly SeenSpeechRequest[] {
  return fake instanceof FakeRunPod ? fake.requests.filter(({ path }) => /\/run/u.test(path)) : fake.spoken;
}

function textOf({ body }: SeenSpeechRequest): string {
  const asked = isObject(body) && isObject(body['input']) ? body['input'] : body;
  return isObject(asked) ? textIn(asked, 'text') || textIn(asked, 'input') || textIn(asked, 'prompt') : '';
}
